/** The generated style as this page wears it: layers switched off, an instant, what of one kind is shown, what is chosen. No engine. */
import type { FilterSpecification, LayerSpecification, StyleSpecification } from "maplibre-gl";
import type { Palette } from "../core/theme";
import type { MapState } from "./state";

export const SOURCE = "quanjing";
/** The same tiles, of one kind, of what a filter leaves. */
export const ONLY = "only";
export const SKETCH = "sketch";

export interface Wear extends MapState {
  /** Address of the server. */
  base: string;
  hidden: ReadonlySet<string>;
  /** Enterprises that the list shows; null for all. */
  shown: readonly string[] | null;
  selected: { feature: string; kind: string } | null;
  palette: Palette;
}

/** Address of the tiles. */
export function tilesOf({ base, at, only }: Pick<Wear, "base" | "at" | "only">, source: typeof SOURCE | typeof ONLY): string {
  const said = [at && `as-of=${encodeURIComponent(at)}`, source === ONLY && only && `collections=${only.kind}&filter=${encodeURIComponent(only.cql)}`].filter(Boolean);
  return `${base}/tiles/{z}/{x}/{y}.mvt${said.length ? `?${said.join("&")}` : ""}`;
}

export const kindOf = (layer: LayerSpecification): string | undefined => ("source-layer" in layer ? layer["source-layer"] : undefined);

function both(one: FilterSpecification | undefined, other: FilterSpecification): FilterSpecification {
  return (one ? ["all", one, other] : other) as FilterSpecification;
}

function worn(layer: LayerSpecification, wear: Wear): LayerSpecification {
  const kind = kindOf(layer);
  if (!kind) return layer;
  const named = layer.id.endsWith(".name");
  const off = wear.hidden.has(kind) || (named && wear.hidden.has("names"));
  const next = { ...layer, layout: { ...layer.layout, visibility: off ? "none" : "visible" } } as LayerSpecification & { source: string; filter?: FilterSpecification };
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

/** The style that is shown. */
export function dressed(style: StyleSpecification, wear: Wear): StyleSpecification {
  const tiles = style.sources[SOURCE]!;
  const sources: StyleSpecification["sources"] = {
    [SOURCE]: { ...tiles, tiles: [tilesOf(wear, SOURCE)] } as StyleSpecification["sources"][string],
    [SKETCH]: { type: "geojson", data: { type: "FeatureCollection", features: [] } },
  };
  if (wear.only) sources[ONLY] = { ...tiles, tiles: [tilesOf(wear, ONLY)] } as StyleSpecification["sources"][string];
  return { ...style, sources, layers: [...style.layers.map((layer) => worn(layer, wear)), ...highlight(wear), ...sketchLayers(wear.palette)] };
}
