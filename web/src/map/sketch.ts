/** What a person draws on the map: corners one by one, or a centre and a radius; and what of it is shown. No engine. */
import type { Feature, FeatureCollection, Position } from "geojson";
import { area, circle, length, type LonLat } from "./geodesy";

export const MODES = ["distance", "area", "circle", "ask"] as const;
export type Mode = (typeof MODES)[number];

export interface Sketch {
  mode: Mode;
  points: readonly LonLat[];
  /** Metres, of a circle. */
  radius_m: number;
  done: boolean;
}

/** Corners that a shape needs to be one. */
export const LEAST: Record<Mode, number> = { distance: 2, area: 3, ask: 3, circle: 1 };

/** The closed ring that is asked about; null of a line, or while corners are missing. */
export function ringOf({ mode, points, radius_m }: Sketch): LonLat[] | null {
  if (points.length < LEAST[mode] || mode === "distance") return null;
  return mode === "circle" ? circle(points[0]!, radius_m) : [...points, points[0]!];
}

export interface Measures {
  length_m: number | null;
  area_m2: number | null;
  around_m: number | null;
}

/** What a shape measures, its pointer included while it is drawn. */
export function measuresOf(sketch: Sketch, pointer: LonLat | null): Measures {
  const points = !sketch.done && pointer && sketch.mode !== "circle" ? [...sketch.points, pointer] : sketch.points;
  if (sketch.mode === "distance") return { length_m: points.length > 1 ? length(points) : null, area_m2: null, around_m: null };
  const ring = ringOf({ ...sketch, points });
  if (!ring) return { length_m: null, area_m2: null, around_m: null };
  const { area_m2, around_m } = area(ring.slice(0, -1));
  return { length_m: null, area_m2, around_m };
}

/** The shape as it is drawn on the map. */
export function drawnOf(sketch: Sketch | null, pointer: LonLat | null): FeatureCollection {
  const features: Feature[] = [];
  const add = (geometry: Feature["geometry"]) => features.push({ type: "Feature", properties: {}, geometry });
  if (sketch) {
    const points = !sketch.done && pointer && sketch.mode !== "circle" ? [...sketch.points, pointer] : sketch.points;
    const ring = ringOf({ ...sketch, points });
    const place = ([lon, lat]: LonLat): Position => [lon, lat];
    if (ring) add({ type: "Polygon", coordinates: [ring.map(place)] });
    else if (points.length > 1) add({ type: "LineString", coordinates: points.map(place) });
    for (const point of sketch.points) add({ type: "Point", coordinates: place(point) });
  }
  return { type: "FeatureCollection", features };
}
