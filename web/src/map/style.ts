/** The generated style as this page wears it: layers switched off, an instant, what of one kind is shown, what is chosen. No engine. */
import type { FilterSpecification, GeoJSONSourceSpecification, LayerSpecification, StyleSpecification } from "maplibre-gl";
import type { Palette, Theme } from "../core/theme";
import type { BaseMap } from "../core/types";
import { badgeLayer, BADGES_TO, PLACES } from "./places";
import type { MapState } from "./state";

export const SOURCE = "quanjing";
/** The same tiles, of one kind, of what a filter leaves. */
export const ONLY = "only";
export const SKETCH = "sketch";
/** The picture that lies under all. */
const BASE = "base";
const BASE_TILE_PX = 256;
/** Parts of one county cut apart by the borders of tiles lie nearer to each other than two counties' middles do. */
const COUNTY_ROOM_PX = 16;
/** It stays quiet, so that lines and symbols stand out. */
const BASE_LOOK: Record<Theme, Record<string, number>> = {
  light: { "raster-opacity": 0.5, "raster-saturation": 0.1 },
  dark: { "raster-opacity": 0.75, "raster-saturation": -0.4, "raster-brightness-max": 0.5 },
};

export interface Wear extends MapState {
  /** Address of the server. */
  base: string;
  hidden: ReadonlySet<string>;
  /** Enterprises that the list shows; null for all. */
  shown: readonly string[] | null;
  selected: { feature: string; kind: string } | null;
  palette: Palette;
  theme: Theme;
  /** Null where there is none, or none is wanted. */
  basemap: BaseMap | null;
  /** Enterprises wear their badges, as on the panorama; without, the symbols of the norm, as on paper. */
  badges: boolean;
}

/** Badges are of now, and of all that the list shows. */
export const badged = ({ badges, at, only }: Pick<Wear, "badges" | "at" | "only">) => badges && at === null && only?.kind !== "enterprise";

/** Address of the tiles. */
export function tilesOf({ base, at, only }: Pick<Wear, "base" | "at" | "only">, source: typeof SOURCE | typeof ONLY): string {
  const said = [at && `as-of=${encodeURIComponent(at)}`, source === ONLY && only && `collections=${only.kind}&filter=${encodeURIComponent(only.cql)}`].filter(Boolean);
  return `${base}/tiles/{z}/{x}/{y}.mvt${said.length ? `?${said.join("&")}` : ""}`;
}

export const kindOf = (layer: LayerSpecification): string | undefined => ("source-layer" in layer ? layer["source-layer"] : undefined);

function both(one: FilterSpecification | undefined, other: FilterSpecification): FilterSpecification {
  return (one ? ["all", one, other] : other) as FilterSpecification;
}

/** A county is its name, written wide over its land: whatever its shape is cut into, once. */
function county(layer: LayerSpecification, { palette }: Wear): LayerSpecification {
  if (layer.id.endsWith(".symbol")) return { ...layer, layout: { ...layer.layout, visibility: "none" } } as LayerSpecification;
  if (!layer.id.endsWith(".name")) return layer;
  const layout = { ...layer.layout, "text-size": 14, "text-letter-spacing": 0.3, "text-variable-anchor": ["center", "top", "bottom", "left", "right"], "text-radial-offset": 1.2, "text-padding": COUNTY_ROOM_PX };
  return { ...layer, layout, paint: { ...layer.paint, "text-color": palette.ui.text, "text-opacity": 0.8, "text-halo-width": 1.8 } } as LayerSpecification;
}

function worn(layer: LayerSpecification, wear: Wear): LayerSpecification {
  const kind = kindOf(layer);
  if (!kind) return layer;
  const named = layer.id.endsWith(".name");
  const off = wear.hidden.has(kind) || (named && wear.hidden.has("names"));
  const next = { ...layer, layout: { ...layer.layout, visibility: off ? "none" : "visible" } } as LayerSpecification & { source: string; filter?: FilterSpecification };
  if (kind === "county") return county(next, wear);
  if (kind === "enterprise" && badged(wear) && layer.id.endsWith(".symbol")) next.minzoom = BADGES_TO;
  if (wear.only?.kind === kind) next.source = ONLY;
  if (kind === "enterprise" && wear.shown) next.filter = both(next.filter, ["in", ["get", "feature_id"], ["literal", [...wear.shown]]]);
  return next;
}

/** What is chosen, around it and above all else. */
export function highlight({ selected, only, palette }: Pick<Wear, "selected" | "only" | "palette">): LayerSpecification[] {
  const filter: FilterSpecification = ["==", ["get", "feature_id"], selected?.feature ?? ""];
  const place = { source: selected && only?.kind === selected.kind ? ONLY : SOURCE, "source-layer": selected?.kind ?? "enterprise" };
  const tone = palette.ui.select;
  return [
    { id: "chosen.line", type: "line", ...place, filter, layout: { "line-join": "round", "line-cap": "round" }, paint: { "line-color": tone, "line-width": 4, "line-opacity": 0.95 } },
    { id: "chosen.point", type: "circle", ...place, filter: both(filter, ["==", ["geometry-type"], "Point"]), paint: { "circle-radius": 17, "circle-color": tone, "circle-opacity": 0.22, "circle-stroke-color": tone, "circle-stroke-width": 3 } },
  ];
}

/** What is measured or drawn. */
export function sketchLayers({ ui }: Palette): LayerSpecification[] {
  const of = (type: string): FilterSpecification => ["==", ["geometry-type"], type];
  return [
    { id: "sketch.area", type: "fill", source: SKETCH, filter: of("Polygon"), paint: { "fill-color": ui.accent, "fill-opacity": 0.16 } },
    { id: "sketch.case", type: "line", source: SKETCH, filter: ["!", of("Point")] as FilterSpecification, layout: { "line-join": "round", "line-cap": "round" }, paint: { "line-color": ui.panel, "line-width": 5, "line-opacity": 0.8 } },
    { id: "sketch.line", type: "line", source: SKETCH, filter: ["!", of("Point")] as FilterSpecification, layout: { "line-join": "round", "line-cap": "round" }, paint: { "line-color": ui.accent, "line-width": 2.5 } },
    { id: "sketch.point", type: "circle", source: SKETCH, filter: of("Point"), paint: { "circle-radius": 5, "circle-color": ui.panel, "circle-stroke-color": ui.accent, "circle-stroke-width": 2.5 } },
  ];
}

/** What lies under the features: the land around, the city's own in the colour of paper, or a picture of it. */
function grounds({ basemap, theme, palette, badges }: Wear): LayerSpecification[] {
  // Paper is white.
  if (!badges) return [];
  const around: LayerSpecification = { id: "around", type: "background", paint: { "background-color": palette.ui.ground } };
  if (basemap) return [around, { id: BASE, type: "raster", source: BASE, paint: { ...BASE_LOOK[theme], "raster-fade-duration": 0 } }];
  return [around, { id: "land", type: "fill", source: SOURCE, "source-layer": "county", paint: { "fill-color": palette.ui.panel } }];
}

/** The style that is shown. */
export function dressed(style: StyleSpecification, wear: Wear): StyleSpecification {
  const tiles = style.sources[SOURCE]!;
  const nothing: GeoJSONSourceSpecification = { type: "geojson", data: { type: "FeatureCollection", features: [] } };
  const sources: StyleSpecification["sources"] = {
    [SOURCE]: { ...tiles, tiles: [tilesOf(wear, SOURCE)] } as StyleSpecification["sources"][string],
    [SKETCH]: nothing,
  };
  if (wear.only) sources[ONLY] = { ...tiles, tiles: [tilesOf(wear, ONLY)] } as StyleSpecification["sources"][string];
  const { basemap } = wear;
  if (wear.badges && basemap) {
    sources[BASE] = { type: "raster", tiles: [new URL(basemap.url, wear.base).href.replaceAll("%7B", "{").replaceAll("%7D", "}")], tileSize: BASE_TILE_PX, bounds: basemap.bounds, maxzoom: basemap.max_zoom };
  }
  const badge = badged(wear) && !wear.hidden.has("enterprise") ? [badgeLayer()] : [];
  if (badge.length) sources[PLACES] = nothing;
  const ground = style.layers.filter((layer) => !wear.badges || layer.type !== "background");
  const layers = ground.map((layer) => worn(layer, wear));
  // What lies above is placed first: from afar one looks for the county, then for the plant.
  const above = layers.filter((layer) => wear.badges && kindOf(layer) === "county" && layer.id.endsWith(".name"));
  const below = layers.filter((layer) => !above.includes(layer));
  return { ...style, sources, layers: [...grounds(wear), ...below, ...above, ...badge, ...highlight(wear), ...sketchLayers(wear.palette)] };
}
