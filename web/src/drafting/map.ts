/** The map: MapLibre GL bound to a preview, over the tiles of what the store holds already. Text is drawn from the fonts of the machine. */
import { GeoJSONSource, Map as MapLibre, Marker, ScaleControl, setWorkerUrl, type ExpressionSpecification, type FilterSpecification, type LayerSpecification, type MapMouseEvent } from "maplibre-gl";
import "maplibre-gl/dist/maplibre-gl.css";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import type { FeatureCollection } from "geojson";
import type { Palette } from "../core/theme";
import { drawing } from "../core/webgl";
import type { Xy } from "./types";

setWorkerUrl(workerUrl);

const EMPTY: FeatureCollection = { type: "FeatureCollection", features: [] };
/** What stands already, as the map server's tiles have it; the deepest of them. */
const STANDING = "standing";
const TILE_ZOOM = 16;
const SOURCES = ["sketch", "features", "names", "marks", "changes"] as const;
export type SourceName = (typeof SOURCES)[number];
/** What can be switched off. */
export type Topic = "stored" | "ignored" | "refused" | "issues" | "existing";
export const TOPICS: readonly Topic[] = ["stored", "ignored", "refused", "issues", "existing"];
/** How near to a line counts as on it, pixels. */
const REACH = 5;
const FONT = ["sans-serif"];

const color: ExpressionSpecification = ["get", "color"];
const is = (fate: string): ExpressionSpecification => ["==", ["get", "s"], fate];
const shape = (type: "Point" | "LineString" | "Polygon"): ExpressionSpecification => ["==", ["geometry-type"], type];
/** Lines, and the rims of areas. */
const drawn: ExpressionSpecification = ["!", shape("Point")];
const both = (...parts: ExpressionSpecification[]): FilterSpecification => ["all", ...parts];

const line = (id: string, source: SourceName, filter: FilterSpecification, paint: object): LayerSpecification => ({
  id, source, type: "line", filter, layout: { "line-join": "round", "line-cap": "round" }, paint,
});
/** All layers from the ground up, each with the topic that switches it. */
function layersIn({ ui, alarm }: Palette): [Topic | "changes", LayerSpecification][] {
  const tone: ExpressionSpecification = ["match", ["get", "severity"], "error", ui.bad, "violation", alarm["2"], ui.warn];
  const happened: ExpressionSpecification = ["match", ["get", "change"], "added", ui.good, "removed", ui.bad, "moved", ui.select, ui.warn];
  const side = (name: string): ExpressionSpecification => ["==", ["get", "side"], name];
  const dot = (id: string, source: SourceName, filter: FilterSpecification, radius: number, tint: ExpressionSpecification | string, opacity = 1): LayerSpecification => ({
    id, source, type: "circle", filter,
    paint: { "circle-radius": ["interpolate", ["linear"], ["zoom"], 14, radius * 0.55, 19, radius], "circle-color": tint, "circle-opacity": opacity, "circle-stroke-width": 1, "circle-stroke-color": ui.ground, "circle-stroke-opacity": opacity },
  });
  const label = (id: string, source: SourceName, text: ExpressionSpecification, tint: ExpressionSpecification | string, filter: FilterSpecification): LayerSpecification => ({
    id, source, type: "symbol", filter,
    layout: { "text-field": text, "text-font": FONT, "text-size": 12, "text-variable-anchor": ["center", "top", "bottom"], "text-radial-offset": 0.7, "text-optional": true },
    paint: { "text-color": tint, "text-halo-color": ui.ground, "text-halo-width": 1.4 },
  });

  return [
    ["ignored", line("ignored-lines", "sketch", both(is("ignored"), drawn), { "line-color": ui["text-soft"], "line-width": 1, "line-opacity": 0.38 })],
    ["ignored", dot("ignored-points", "sketch", both(is("ignored"), shape("Point")), 2.2, ui["text-soft"], 0.45)],
    ["stored", { id: "stored-areas", source: "sketch", type: "fill", filter: both(is("stored"), shape("Polygon")), paint: { "fill-color": color, "fill-opacity": 0.3 } }],
    ["stored", { id: "feature-areas", source: "features", type: "fill", filter: shape("Polygon"), paint: { "fill-color": color, "fill-opacity": 0.3 } }],
    ["stored", line("stored-lines", "sketch", both(is("stored"), drawn), { "line-color": color, "line-width": 1.7 })],
    ["stored", line("feature-lines", "features", drawn, { "line-color": color, "line-width": 1.7 })],
    ["stored", dot("stored-points", "sketch", both(is("stored"), shape("Point")), 4.5, color)],
    ["stored", dot("feature-points", "features", shape("Point"), 4.5, color)],
    ["refused", line("refused-lines", "sketch", both(is("refused"), drawn), { "line-color": ui.bad, "line-width": 1.5 })],
    ["refused", dot("refused-points", "sketch", both(is("refused"), shape("Point")), 3.4, ui.bad)],
    ["stored", line("chosen-halo", "sketch", ["==", ["get", "g"], -1], { "line-color": ui.select, "line-width": 3, "line-opacity": 0.85 })],
    ["stored", dot("chosen-points", "sketch", ["==", ["get", "g"], -1], 6, ui.select)],
    ["stored", line("picked", "sketch", ["==", ["get", "h"], ""], { "line-color": ui.select, "line-width": 6, "line-opacity": 0.5 })],
    ["stored", label("feature-names", "names", ["get", "name"], ui.text, ["all"])],
    ["ignored", label("texts", "sketch", ["get", "text"], ["match", ["get", "s"], "refused", ui.bad, ui["text-soft"]], ["!=", ["get", "text"], ""])],
    ["changes", { id: "change-areas", source: "changes", type: "fill", filter: both(side("now"), shape("Polygon")), paint: { "fill-color": happened, "fill-opacity": 0.32 } }],
    ["changes", line("change-lines", "changes", both(side("now"), drawn, ["!=", ["get", "change"], "removed"]), { "line-color": happened, "line-width": 2.4 })],
    ["changes", line("change-gone", "changes", both(side("now"), drawn, ["==", ["get", "change"], "removed"]), { "line-color": happened, "line-width": 2.2, "line-dasharray": [2.5, 1.8] })],
    ["changes", line("change-before", "changes", both(side("before"), drawn), { "line-color": happened, "line-width": 1.4, "line-dasharray": [1, 1.6] })],
    ["changes", line("change-ways", "changes", side("way"), { "line-color": happened, "line-width": 1.6 })],
    ["changes", dot("change-points", "changes", both(side("now"), shape("Point")), 7, happened)],
    ["changes", { id: "change-chosen", source: "changes", type: "line", filter: ["==", ["get", "i"], -1], paint: { "line-color": ui.text, "line-width": 5, "line-opacity": 0.55 } }],
    ["changes", dot("change-chosen-points", "changes", ["==", ["get", "i"], -1], 10, ui.text, 0.55)],
    ["changes", label("change-numbers", "changes", ["get", "number"], ui.text, ["!=", ["get", "number"], ""])],
    ["issues", { id: "marks", source: "marks", type: "circle", paint: { "circle-radius": 7, "circle-color": tone, "circle-opacity": 0.35, "circle-stroke-color": tone, "circle-stroke-width": 2 } }],
  ];
}

const standingLayers = (kind: string, tint: string): LayerSpecification[] => {
  const of = { source: STANDING, "source-layer": kind };
  return [
    { ...of, id: `standing-${kind}-area`, type: "fill", filter: shape("Polygon"), paint: { "fill-color": tint, "fill-opacity": 0.1 } },
    { ...of, id: `standing-${kind}-line`, type: "line", filter: drawn, paint: { "line-color": tint, "line-width": 1, "line-opacity": 0.55 } },
    { ...of, id: `standing-${kind}-point`, type: "circle", filter: shape("Point"), paint: { "circle-radius": 3, "circle-color": tint, "circle-opacity": 0.6 } },
  ];
};

const HIT = ["change-points", "change-lines", "change-gone", "change-areas", "marks", "refused-lines", "refused-points", "stored-lines", "stored-points", "stored-areas", "ignored-lines", "ignored-points"];

/** What lies under the pointer. */
export interface Hit {
  mark: number | null;
  /** Place in the list of entities. */
  entity: number | null;
  /** Place in the list of changes. */
  change: number | null;
}

export interface MapHandlers {
  hover(hit: Hit | null, at: { x: number; y: number }): void;
  click(hit: Hit | null, lonlat: Xy): void;
}

export class DraftMap {
  private readonly map: MapLibre;
  private readonly ready: Promise<void>;
  private markers: Marker[] = [];
  private off = new Set<Topic>();
  private readonly flies: boolean;
  private layers: readonly [Topic | "changes", LayerSpecification][];

  /** Throws where the browser has no WebGL 2. */
  constructor(container: HTMLElement, palette: Palette, handlers: MapHandlers) {
    this.layers = layersIn(palette);
    // Each sample of a pixel is computed by the processor there, and each frame of a flight.
    const software = drawing() === "software";
    this.flies = !software;
    this.map = new MapLibre({
      container,
      style: {
        version: 8,
        sources: {
          ...Object.fromEntries(SOURCES.map((name) => [name, { type: "geojson" as const, data: EMPTY, maxzoom: 22, tolerance: 0.1, buffer: 32 }])),
          [STANDING]: { type: "vector", tiles: [`${location.origin}/tiles/{z}/{x}/{y}.mvt`], maxzoom: TILE_ZOOM },
        },
        layers: [{ id: "ground", type: "background", paint: { "background-color": palette.ui.ground } }, ...this.layers.map(([, layer]) => layer)],
      },
      center: [0, 0], zoom: 12, maxZoom: 24, attributionControl: false, dragRotate: false, pitchWithRotate: false, touchPitch: false, fadeDuration: 0,
      renderWorldCopies: false, canvasContextAttributes: { antialias: !software },
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.keyboard.disableRotation();
    this.ready = new Promise((resolve) => this.map.once("load", () => resolve()));
    const hit = (event: MapMouseEvent): Hit | null => this.under(event.point.x, event.point.y);
    this.map.on("mousemove", (event) => handlers.hover(hit(event), event.point));
    this.map.on("mouseout", (event) => handlers.hover(null, event.point));
    this.map.on("click", (event) => handlers.click(hit(event), [event.lngLat.lng, event.lngLat.lat]));
  }

  private under(x: number, y: number): Hit | null {
    const layers = HIT.filter((id) => this.map.getLayer(id));
    const found = this.map.queryRenderedFeatures([[x - REACH, y - REACH], [x + REACH, y + REACH]], { layers });
    const mark = found.find((feature) => feature.source === "marks");
    const changes = found.filter((feature) => feature.source === "changes");
    const change = changes.find((feature) => feature.layer.type !== "fill") ?? changes[0];
    const entities = found.filter((feature) => feature.source === "sketch");
    // A line under the pointer means more than the area around it.
    const entity = entities.find((feature) => feature.layer.type !== "fill") ?? entities[0];
    if (!mark && !entity && !change) return null;
    const place = (feature: { properties: Record<string, unknown> } | undefined) => (feature?.properties["i"] as number | undefined) ?? null;
    return { mark: place(mark), entity: place(entity), change: place(change) };
  }

  async show(source: SourceName, data: FeatureCollection): Promise<void> {
    await this.ready;
    (this.map.getSource(source) as GeoJSONSource).setData(data);
    // Features stand where their entities do: the sketch then only catches the pointer.
    if (source === "features") {
      const twice = data.features.length > 0;
      this.map.setPaintProperty("stored-areas", "fill-opacity", twice ? 0 : 0.3);
      this.map.setPaintProperty("stored-lines", "line-opacity", twice ? 0.25 : 1);
      this.map.setPaintProperty("stored-points", "circle-opacity", twice ? 0 : 1);
      this.map.setPaintProperty("stored-points", "circle-stroke-opacity", twice ? 0 : 1);
    }
  }

  /** Draw what stands already under all else, quietly, each kind in its colour; nothing with null, as where the drawing has no place. */
  async surround(kinds: ReadonlyMap<string, { color: string }> | null): Promise<void> {
    await this.ready;
    if (kinds === this.surrounding) return;
    this.surrounding = kinds;
    for (const id of this.standing) this.map.removeLayer(id);
    const layers = [...(kinds ?? [])].flatMap(([kind, { color: tint }]) => standingLayers(kind, tint));
    this.standing = layers.map((layer) => layer.id);
    for (const layer of layers) this.map.addLayer({ ...layer, layout: { visibility: this.off.has("existing") ? "none" : "visible" } } as LayerSpecification, this.layers[0]?.[1].id);
  }
  private surrounding: ReadonlyMap<string, { color: string }> | null = null;
  private standing: string[] = [];

  /** Ask anew for what stands already: something was stored. */
  async again(): Promise<void> {
    await this.ready;
    this.map.refreshTiles(STANDING);
  }

  /** Resolves when everything that was shown is drawn. */
  async drawn(): Promise<void> {
    await this.ready;
    if (!this.map.loaded() || this.map.isMoving()) await this.map.once("idle");
  }

  async highlight(group: number | null, handle: string | null): Promise<void> {
    await this.ready;
    const ofGroup: FilterSpecification = ["==", ["get", "g"], group ?? -1];
    this.map.setFilter("chosen-halo", ["all", ofGroup, drawn]);
    this.map.setFilter("chosen-points", ["all", ofGroup, shape("Point")]);
    this.map.setFilter("picked", ["==", ["get", "h"], handle ?? ""]);
  }

  async highlightChange(at: number | null): Promise<void> {
    await this.ready;
    const chosen: ExpressionSpecification = ["==", ["get", "i"], at ?? -1];
    const now: ExpressionSpecification = ["==", ["get", "side"], "now"];
    this.map.setFilter("change-chosen", ["all", chosen, now, drawn]);
    this.map.setFilter("change-chosen-points", ["all", chosen, now, shape("Point")]);
  }

  async toggle(off: ReadonlySet<Topic>): Promise<void> {
    await this.ready;
    this.off = new Set(off);
    for (const id of this.standing) this.map.setLayoutProperty(id, "visibility", this.off.has("existing") ? "none" : "visible");
    for (const [topic, layer] of this.layers) this.map.setLayoutProperty(layer.id, "visibility", topic !== "changes" && this.off.has(topic) ? "none" : "visible");
  }

  /** Paint everything in another theme; what `show` changed of it has to be shown again. */
  async wear(palette: Palette): Promise<void> {
    await this.ready;
    this.layers = layersIn(palette);
    this.map.setPaintProperty("ground", "background-color", palette.ui.ground);
    for (const [, layer] of this.layers) for (const [name, value] of Object.entries(layer.paint ?? {})) this.map.setPaintProperty(layer.id, name as "line-color", value as string);
  }

  async fit(box: readonly [number, number, number, number], animate = true): Promise<void> {
    await this.ready;
    this.map.fitBounds([box[0], box[1], box[2], box[3]], { padding: 48, maxZoom: 23, duration: animate && this.flies ? 500 : 0 });
  }

  /** Numbered flags: control points, and the enterprise's registered point. */
  flags(places: readonly { lonlat: Xy; text: string; title: string; className: string }[]): void {
    for (const marker of this.markers) marker.remove();
    this.markers = places.map(({ lonlat, text, title, className }) => {
      const element = document.createElement("div");
      element.className = className;
      element.textContent = text;
      element.title = title;
      return new Marker({ element, anchor: "bottom" }).setLngLat([lonlat[0], lonlat[1]]).addTo(this.map);
    });
  }

  /** A scale in metres means something only where the place is known. */
  scale(shown: boolean): void {
    if (this.ruler && !shown) this.map.removeControl(this.ruler);
    if (!this.ruler && shown) this.map.addControl((this.ruler = new ScaleControl({ maxWidth: 120 })), "bottom-right");
    else if (!shown) this.ruler = null;
  }
  private ruler: ScaleControl | null = null;

  /** How far a pixel reaches around a place, degrees of longitude. */
  reach(lonlat: Xy): number {
    const at = this.map.project([lonlat[0], lonlat[1]]);
    return Math.abs(this.map.unproject([at.x + 1, at.y]).lng - lonlat[0]);
  }

  /** Where a place is on the page, pixels. */
  position(lonlat: Xy): { x: number; y: number } {
    const at = this.map.project([lonlat[0], lonlat[1]]);
    const box = this.map.getContainer().getBoundingClientRect();
    return { x: at.x + box.left, y: at.y + box.top };
  }

  cursor(crosshair: boolean): void {
    this.map.getCanvas().style.cursor = crosshair ? "crosshair" : "";
  }

  resize(): void {
    this.map.resize();
  }

  remove(): void {
    this.map.remove();
  }
}
