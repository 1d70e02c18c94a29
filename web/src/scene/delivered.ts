/** Finished 3D Tiles of others: loaded where their layer is on, moved as told, cut out where a plant is modelled. */
import {
  Cartesian2,
  Cartesian3,
  Cesium3DTileset,
  ClippingPolygon,
  ClippingPolygonCollection,
  Matrix4,
  PointCloudShading,
  Transforms,
  type CesiumWidget,
} from "cesium";
import { deliveredName } from "../core/layers";
import type { DeliveredLayer } from "../core/types";

const AMBIENT = new Cartesian2(1, 0.3);
/** On a screen of pixels that the processor computes: coarser tiles. */
const ERROR = { whole: 16, coarse: 48 };
const CACHE_BYTES = 192 * 2 ** 20;

/** What is cut out, as the engine has it; none where the graphics card can't. */
export function clipping(widget: CesiumWidget, layer: DeliveredLayer): ClippingPolygonCollection | undefined {
  if (!layer.clips.length || !ClippingPolygonCollection.isSupported(widget.scene)) return undefined;
  const polygons = layer.clips.map((ring) => new ClippingPolygon({ positions: Cartesian3.fromDegreesArray(ring.slice(0, -1).flat()) }));
  return new ClippingPolygonCollection({ polygons });
}

/** The shift of a layer, east, north and up where it lies. */
export function shift(layer: DeliveredLayer): Matrix4 {
  const frame = Transforms.eastNorthUpToFixedFrame(Cartesian3.fromDegrees(layer.lon, layer.lat));
  return Matrix4.fromTranslation(Matrix4.multiplyByPointAsVector(frame, Cartesian3.fromArray(layer.offset_m), new Cartesian3()));
}

export class Delivered {
  /** URL → what stands; null while it is on its way, or not to be had. */
  private readonly standing = new Map<string, Cesium3DTileset | null>();

  constructor(
    private readonly widget: CesiumWidget,
    private readonly software: boolean,
  ) {}

  /** Show the layers that are not switched off; one is loaded when it is first shown. */
  show(layers: readonly DeliveredLayer[], hidden: ReadonlySet<string>): void {
    for (const layer of layers) {
      const on = !hidden.has(deliveredName(layer.name));
      const tileset = this.standing.get(layer.url);
      if (tileset) tileset.show = on;
      else if (tileset === undefined && on) void this.load(layer, () => !hidden.has(deliveredName(layer.name)));
    }
    this.widget.scene.requestRender();
  }

  /** True when every layer that is shown has all tiles of the view. */
  get complete(): boolean {
    return [...this.standing.values()].every((tileset) => !tileset?.show || tileset.tilesLoaded);
  }

  private async load(layer: DeliveredLayer, wanted: () => boolean): Promise<void> {
    this.standing.set(layer.url, null);
    let tileset: Cesium3DTileset;
    try {
      tileset = await Cesium3DTileset.fromUrl(layer.url, {
        maximumScreenSpaceError: this.software ? ERROR.coarse : ERROR.whole,
        cacheBytes: CACHE_BYTES,
        modelMatrix: shift(layer),
        pointCloudShading: new PointCloudShading({ attenuation: true, maximumAttenuation: 4 }),
      });
    } catch {
      return;
    }
    const cut = clipping(this.widget, layer);
    if (cut) tileset.clippingPolygons = cut;
    tileset.show = wanted();
    tileset.environmentMapManager.enabled = false;
    tileset.imageBasedLighting.imageBasedLightingFactor = AMBIENT;
    this.standing.set(layer.url, tileset);
    this.widget.scene.primitives.add(tileset);
    this.widget.scene.requestRender();
  }
}
