/** The map: MapLibre GL bound to the tiles and the style of the server. */
import { GeoJSONSource, Map as MapLibre, ScaleControl, setWorkerUrl, VectorTileSource, type MapGeoJSONFeature, type MapMouseEvent, type StyleSpecification } from "maplibre-gl";
import "maplibre-gl/dist/maplibre-gl.css";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import type { FeatureCollection } from "geojson";
import { badge, BADGE_PX } from "../core/badge";
import { spread, type Point } from "../core/placing";
import type { Theme } from "../core/theme";
import type { Bbox, Enterprise } from "../core/types";
import type { LonLat } from "./geodesy";
import { BADGE_RATIO, BADGES_TO, byRank, PLACES, placesOf, readBadge } from "./places";
import { dressed, highlight, ONLY, SKETCH, SOURCE, tilesOf, type Wear } from "./style";
import { STYLES } from "./themes";
import { covering, type Tile } from "./tiles";
import type { MapView } from "./view";

setWorkerUrl(workerUrl);

const FONT = '"Noto Sans SC", "Noto Sans CJK SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei", sans-serif';
/** How near to a thing counts as on it: of a mouse, of a finger, pixels. */
const REACH = { mouse: 4, touch: 14 };
/** Events of one commit, and of one import, become one look at the tiles, milliseconds. */
const SETTLE_MS = 60;
/** More tiles than are on any screen. */
const MOST_TILES = 400;
/** What lies under all else is what is meant only where nothing else is. */
const GROUND = new Set(["county", "site_boundary", "parcel", "water_source"]);
const FLIGHT_MS = 900;
/** On a map a symbol stays beside its place: who comes nearer sees all of a crowd. */
const ASIDE_RINGS = 2;
/** How near one may come, and the deepest zoom that the server has tiles of. */
const NEAREST_ZOOM = 22;
const TILE_ZOOM = 16;

export interface Padding {
  top: number;
  right: number;
  bottom: number;
  left: number;
}

export interface Hit {
  feature: string;
  kind: string;
  name: string | null;
  type: string | null;
}

export interface MapHandlers {
  click(at: LonLat, hit: Hit | null): void;
  hover(at: LonLat, hit: Hit | null, pixel: { x: number; y: number }): void;
  leave(): void;
  done(): void;
  moved(view: MapView): void;
  /** All tiles and symbols in view are drawn, or not yet. */
  settled(settled: boolean): void;
  failed(detail: string): void;
}

async function styleOf(base: string, theme: Theme | "print"): Promise<StyleSpecification> {
  const response = await fetch(`${base}/styles/${theme === "print" ? "light" : STYLES[theme]}?f=mapbox`);
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
  return (await response.json()) as StyleSpecification;
}

/** The kind of a feature of the tiles, or of a badge. */
function layerOf(feature: MapGeoJSONFeature): string | undefined {
  return feature.source === PLACES ? "enterprise" : feature.source === SOURCE || feature.source === ONLY ? feature.sourceLayer : undefined;
}

/** A feature as the page speaks of it. */
function hitOf(feature: MapGeoJSONFeature): Hit | null {
  const { feature_id, name, type } = feature.properties as Record<string, unknown>;
  const kind = layerOf(feature);
  if (typeof feature_id !== "string" || !kind) return null;
  return { feature: feature_id, kind, name: typeof name === "string" ? name : null, type: typeof type === "string" ? type : null };
}

export class CityMap {
  private readonly map: MapLibre;
  private style: StyleSpecification | null = null;
  private theme: Theme | null = null;
  private readonly dirty = new Map<string, Tile>();
  private everything = false;
  private due: ReturnType<typeof setTimeout> | undefined;
  private drawn: FeatureCollection = { type: "FeatureCollection", features: [] };
  private reading = 0;
  /** Enterprises that wear their badges, in the order in which they find room, and how far each badge lies beside its place. */
  private places: Enterprise[] = [];
  private asides: readonly Point[] = [];
  private padding: Padding = { top: 0, right: 0, bottom: 0, left: 0 };

  /** Throws where the browser has no WebGL 2. */
  constructor(
    container: HTMLElement,
    view: MapView,
    private wear: Wear,
    handlers: MapHandlers,
  ) {
    this.map = new MapLibre({
      container,
      style: { version: 8, sources: {}, layers: [{ id: "ground", type: "background", paint: { "background-color": wear.palette.ui.ground } }] },
      center: [view.lon, view.lat],
      zoom: view.zoom,
      minZoom: 5,
      maxZoom: NEAREST_ZOOM,
      attributionControl: false,
      localIdeographFontFamily: FONT,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      fadeDuration: 120,
      renderWorldCopies: false,
      // Beyond the deepest zoom tiles stay whole: cut up, they would not be found by their place when they are asked for again.
      zoomLevelsToOverscale: NEAREST_ZOOM - TILE_ZOOM,
      canvasContextAttributes: { antialias: true },
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.keyboard.disableRotation();
    this.map.addControl(new ScaleControl({ maxWidth: 110 }), "bottom-left");
    this.map.on("click", (event) => handlers.click([event.lngLat.lng, event.lngLat.lat], this.under(event)));
    this.map.on("dblclick", (event) => {
      if (!this.map.doubleClickZoom.isEnabled()) event.preventDefault();
      handlers.done();
    });
    this.map.on("mousemove", (event) => handlers.hover([event.lngLat.lng, event.lngLat.lat], this.map.isMoving() ? null : this.under(event), event.point));
    this.map.on("mouseout", () => handlers.leave());
    this.map.on("moveend", () => {
      this.spread();
      handlers.moved(this.view);
    });
    this.map.on("styleimagemissing", ({ id }) => this.paint(id));
    this.map.on("dataloading", () => handlers.settled(false));
    this.map.on("movestart", () => handlers.settled(false));
    this.map.on("idle", () => handlers.settled(this.style !== null));
    this.map.on("error", ({ error }) => handlers.failed(error.message));
    this.map.on("style.load", () => this.fill());
  }

  get view(): MapView {
    const { lng, lat } = this.map.getCenter();
    return { lon: lng, lat, zoom: this.map.getZoom() };
  }

  /** What can be seen: west, south, east, north. */
  get bounds(): Bbox {
    const box = this.map.getBounds();
    return [box.getWest(), box.getSouth(), box.getEast(), box.getNorth()];
  }

  private under(event: MapMouseEvent): Hit | null {
    const touch = (event.originalEvent as PointerEvent).pointerType === "touch" || matchMedia("(pointer: coarse)").matches;
    const reach = touch ? REACH.touch : REACH.mouse;
    const { x, y } = event.point;
    const found = this.map
      .queryRenderedFeatures([[x - reach, y - reach], [x + reach, y + reach]])
      .filter((feature) => layerOf(feature) && !feature.layer.id.startsWith("chosen."));
    const rank = (feature: MapGeoJSONFeature) => (GROUND.has(layerOf(feature) ?? "") ? 3 : feature.layer.type === "symbol" ? 0 : feature.layer.type === "line" ? 1 : 2);
    const best = found.map((feature, place) => ({ feature, key: rank(feature) * 10_000 + place })).sort((a, b) => a.key - b.key)[0];
    return best ? hitOf(best.feature) : null;
  }

  /** Put on a theme, or what else of the style has changed. */
  async dress(theme: Theme, wear: Wear): Promise<void> {
    const before = this.wear;
    this.wear = wear;
    if (!this.style || theme !== this.theme) {
      const turn = (this.reading += 1);
      const style = await styleOf(wear.base, theme);
      if (turn !== this.reading) return;
      this.style = style;
      this.theme = theme;
    } else if (before.at === wear.at && before.only === wear.only && before.hidden === wear.hidden && before.shown === wear.shown && before.basemap === wear.basemap) {
      this.choose(wear);
      return;
    }
    this.map.setStyle(dressed(this.style, this.wear), { diff: true });
    this.fill();
  }

  /** Put back what the page itself draws: a style brings its sources empty. */
  private fill(): void {
    this.show(this.drawn);
    this.asides = [];
    this.spread();
  }

  /** Enterprises to be shown by their badges, and what panels cover of the map: none is moved there. */
  stand(rows: readonly Enterprise[], padding: Padding): void {
    this.places = byRank(rows, this.wear.selected?.feature ?? null);
    this.padding = padding;
    this.asides = [];
    this.spread();
  }

  /** Move badges apart that would lie over each other; told to the engine only where it makes a difference. */
  private spread(): void {
    const source = this.map.getSource(PLACES);
    if (!(source instanceof GeoJSONSource)) return;
    const { clientWidth, clientHeight } = this.map.getContainer();
    const { left, right, top, bottom } = this.padding;
    const zoom = this.map.getZoom();
    const room = { left, top, right: clientWidth - right, bottom: clientHeight - bottom };
    const places = this.places.map(({ lon, lat }) => this.map.project([lon, lat]));
    const asides = zoom < BADGES_TO ? spread(places, room, ASIDE_RINGS) : places.map(() => ({ x: 0, y: 0 }));
    const key = JSON.stringify([zoom, asides]);
    if (this.asides.length && key === this.key) return;
    this.key = key;
    this.asides = asides;
    source.setData(placesOf(this.places, asides, this.wear.theme, zoom));
  }
  private key = "";

  /** Draw a badge that a style names for the first time. */
  private paint(id: string): void {
    const said = readBadge(id);
    const picture = said && badge(said.glyph, said.level, this.wear.palette).getContext("2d")?.getImageData(0, 0, BADGE_PX, BADGE_PX);
    if (picture && !this.map.hasImage(id)) this.map.addImage(id, picture, { pixelRatio: BADGE_RATIO });
  }

  private choose(wear: Wear): void {
    for (const layer of highlight(wear)) {
      if (this.map.getLayer(layer.id)) this.map.removeLayer(layer.id);
      this.map.addLayer(layer, this.map.getLayer("sketch.area") ? "sketch.area" : undefined);
    }
  }

  /** Ask again for the tiles in which a box is seen; all that are shown where there are too many. */
  touch(box: Bbox): void {
    if (this.wear.at) return;
    const zoom = Math.min(TILE_ZOOM, Math.max(0, Math.floor(this.map.getZoom())));
    for (let z = Math.max(0, zoom - 3); z <= Math.min(TILE_ZOOM, zoom + 1); z += 1) {
      const tiles = covering(box, z, MOST_TILES);
      if (!tiles) this.everything = true;
      for (const tile of tiles ?? []) this.dirty.set(`${tile.z}/${tile.x}/${tile.y}`, tile);
    }
    this.due ??= setTimeout(() => this.refresh(), SETTLE_MS);
  }

  private refresh(): void {
    this.due = undefined;
    const tiles = this.everything ? undefined : [...this.dirty.values()];
    this.everything = false;
    this.dirty.clear();
    for (const source of [SOURCE, ONLY]) if (this.map.getSource(source)) this.map.refreshTiles(source, tiles);
  }

  /** All tiles anew: of another store, or after a time without news. */
  reload(): void {
    for (const name of [SOURCE, ONLY] as const) {
      const source = this.map.getSource(name);
      if (source instanceof VectorTileSource) source.setTiles([tilesOf(this.wear, name)]);
    }
  }

  /** What is measured or drawn. */
  show(data: FeatureCollection): void {
    this.drawn = data;
    const source = this.map.getSource(SKETCH);
    if (source instanceof GeoJSONSource) source.setData(data);
  }

  fly(lon: number, lat: number, zoom: number, padding: Padding): void {
    this.map.easeTo({ center: [lon, lat], zoom, padding, duration: FLIGHT_MS, essential: false });
  }

  fit([west, south, east, north]: Bbox, padding: Padding, animate = true): void {
    const around = { top: padding.top + 36, right: padding.right + 36, bottom: padding.bottom + 36, left: padding.left + 36 };
    this.map.fitBounds([west, south, east, north], { padding: around, maxZoom: 19, duration: animate ? FLIGHT_MS : 0 });
  }

  zoom(step: number): void {
    this.map.zoomTo(this.map.getZoom() + step, { duration: 250 });
  }

  /** While something is drawn, a click is a corner and two are its end. */
  draws(drawing: boolean): void {
    this.map.getCanvas().style.cursor = drawing ? "crosshair" : "";
    if (drawing) this.map.doubleClickZoom.disable();
    else this.map.doubleClickZoom.enable();
  }

  points(at: boolean): void {
    this.map.getCanvas().style.cursor = at ? "pointer" : "";
  }

  /** Where a place is on the page, or the badge of an enterprise there, pixels. */
  position([lon, lat]: LonLat, enterprise?: string): { x: number; y: number } {
    const at = this.map.project([lon, lat]);
    const box = this.map.getContainer().getBoundingClientRect();
    const aside = this.asides[this.places.findIndex((row) => row.feature_id === enterprise)] ?? { x: 0, y: 0 };
    return { x: at.x + box.left + aside.x, y: at.y + box.top + aside.y };
  }

  /** Features that can be seen now, by kind. */
  kindsInView(): Set<string> {
    return new Set(this.map.queryRenderedFeatures().flatMap((feature) => layerOf(feature) ?? []));
  }

  /** How a feature is shown: its properties in the tiles that are loaded. */
  featureState(id: string): Record<string, unknown> | null {
    const found = this.map.queryRenderedFeatures().find((feature) => feature.properties.feature_id === id);
    return found ? { ...found.properties } : null;
  }

  /** The same view as a picture for paper, in the light style: a PNG as a data address. */
  async picture(width: number, height: number, ratio: number, wear: Wear): Promise<string> {
    const container = document.createElement("div");
    container.style.cssText = `position:fixed;left:-10000px;top:0;width:${width}px;height:${height}px`;
    document.body.append(container);
    const style = await styleOf(wear.base, "print");
    const map = new MapLibre({
      container,
      style: dressed(style, { ...wear, badges: false, basemap: null }),
      attributionControl: false,
      interactive: false,
      fadeDuration: 0,
      pixelRatio: ratio,
      localIdeographFontFamily: FONT,
      renderWorldCopies: false,
      canvasContextAttributes: { preserveDrawingBuffer: true, antialias: true },
    });
    try {
      const [west, south, east, north] = this.bounds;
      map.fitBounds([west, south, east, north], { duration: 0 });
      await map.once("load");
      const source = map.getSource(SKETCH);
      if (source instanceof GeoJSONSource) source.setData(this.drawn);
      await map.once("idle");
      this.printed = { lat: map.getCenter().lat, zoom: map.getZoom() };
      return map.getCanvas().toDataURL("image/png");
    } finally {
      map.remove();
      container.remove();
    }
  }
  /** Scale of the last picture. */
  printed: { lat: number; zoom: number } | null = null;

  resize(): void {
    this.map.resize();
  }

  remove(): void {
    clearTimeout(this.due);
    this.map.remove();
  }
}
