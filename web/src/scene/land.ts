/** Terrain and base maps from our own server, in place of the level ground where there are some. */
import {
  CesiumTerrainProvider,
  Credit,
  ImageryLayer,
  Rectangle,
  Resource,
  UrlTemplateImageryProvider,
  WebMercatorTilingScheme,
  type CesiumWidget,
} from "cesium";
import type { Api } from "../core/api";
import type { Theme } from "../core/theme";
import type { BaseMap, Land } from "../core/types";

/** The picture under each theme: quiet, so that symbols and alarms stand out. */
const WORN: Record<Theme, { brightness: number; contrast: number; saturation: number; gamma: number }> = {
  dark: { brightness: 0.66, contrast: 1.12, saturation: 0.68, gamma: 1 },
  light: { brightness: 1.12, contrast: 0.9, saturation: 0.72, gamma: 1.1 },
};
const TILE_PX = 256;

export class Landscape {
  private layer: ImageryLayer | null = null;
  private shown: string | null = null;
  private theme: Theme = "dark";
  private alpha = 1;
  /** What stands, or is on its way: version and address of the terrain. */
  private standing = "";
  private terrain: Land["terrain"] = null;
  private over: string | null = null;

  constructor(
    private readonly widget: CesiumWidget,
    private readonly api: Api,
    /** Terrain is drawn from now on: the level ground is no longer needed. */
    private readonly grounded: () => void,
  ) {}

  /** Ask what there is, and draw the terrain; asked again it is drawn anew where it is another, as after a boundary was moved. */
  async load(): Promise<Land> {
    const land = await this.api.land();
    this.terrain = land.terrain;
    await this.stand();
    return land;
  }

  /** Whether there is terrain: where there is none, no change of a site makes the ground another. */
  get uneven(): boolean {
    return this.terrain !== null;
  }

  /** Open the ground over an enterprise, so that all below it lies free; null closes it. */
  async open(over: string | null): Promise<void> {
    this.over = over;
    await this.stand();
  }

  private async stand(): Promise<void> {
    if (!this.terrain) return;
    const url = this.over ? `${this.terrain.url}/over/${this.over}` : this.terrain.url;
    const wanted = `${this.terrain.version} ${url}`;
    if (wanted === this.standing) return;
    this.standing = wanted;
    const provider = await CesiumTerrainProvider.fromUrl(new Resource(url), { requestVertexNormals: true });
    // Meanwhile it may be another that is wanted.
    if (wanted !== this.standing) return;
    this.widget.scene.terrainProvider = provider;
    this.grounded();
    this.widget.scene.requestRender();
  }

  /** Draw a base map, or none. */
  choose(map: BaseMap | null): void {
    if ((map?.url ?? null) === this.shown) return;
    if (this.layer) this.widget.scene.imageryLayers.remove(this.layer);
    this.layer = map ? new ImageryLayer(provider(map), {}) : null;
    this.shown = map?.url ?? null;
    if (this.layer) this.widget.scene.imageryLayers.add(this.layer);
    this.dress(this.theme);
  }

  /** In underground view the picture on the ground gives way. */
  setFaded(faded: boolean): void {
    this.alpha = faded ? 0.55 : 1;
    this.paint();
  }

  /** Paint it in the worn theme. */
  dress(theme: Theme): void {
    this.theme = theme;
    if (this.layer) Object.assign(this.layer, WORN[theme]);
    this.paint();
  }

  private paint(): void {
    if (this.layer) this.layer.alpha = this.alpha;
    this.widget.scene.requestRender();
  }
}

function provider(map: BaseMap): UrlTemplateImageryProvider {
  const [west, south, east, north] = map.bounds;
  return new UrlTemplateImageryProvider({
    url: map.url,
    tilingScheme: new WebMercatorTilingScheme(),
    rectangle: Rectangle.fromDegrees(west, south, east, north),
    maximumLevel: map.max_zoom,
    tileWidth: TILE_PX,
    tileHeight: TILE_PX,
    enablePickFeatures: false,
    ...(map.attribution ? { credit: new Credit(map.attribution, true) } : {}),
  });
}
