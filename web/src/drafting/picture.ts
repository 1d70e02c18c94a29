/** What the map draws: a preview as GeoJSON, coloured by what each entity becomes. No engine here. */
import type { Feature, FeatureCollection, Geometry, Position } from "geojson";
import type { Plane } from "./plane";
import type { Choice } from "./rules";
import type { Change, Difference, Entity, Group, Kind, Mark, Preview, Severity, Xy } from "./types";

export interface SketchProperties {
  /** Group. */
  g: number;
  /** Handle. */
  h: string;
  s: Entity["s"];
  /** Place in the list of entities. */
  i: number;
  color: string;
  text: string;
  /** An outline of its own, to be filled. */
  area: boolean;
}

export interface MarkProperties {
  /** Place in the list of marks. */
  i: number;
  severity: Severity;
  /** Marks in the same place. */
  n: number;
}

const collection = <P extends object>(features: Feature<Geometry, P>[]): FeatureCollection<Geometry, P> => ({ type: "FeatureCollection", features });

const closed = (points: readonly Xy[]) => points.length > 3 && points[0]![0] === points.at(-1)![0] && points[0]![1] === points.at(-1)![1];

function geometry(points: readonly Position[], area: boolean): Geometry {
  if (points.length === 1) return { type: "Point", coordinates: points[0]! };
  return area ? { type: "Polygon", coordinates: [points as Position[]] } : { type: "LineString", coordinates: points as Position[] };
}

/** The entities; `fate` says what a group becomes as the page stands, so that a choice shows before the server has read it. */
export function sketch(preview: Preview, plane: Plane, kinds: ReadonlyMap<string, Kind>, fate: (group: Group) => Choice, plain: string): FeatureCollection<Geometry, SketchProperties> {
  const groups = new Map(preview.groups.map((group) => [group.id, { group, choice: fate(group) }]));
  return collection(
    preview.sketch.entities.flatMap((entity, i) => {
      const found = groups.get(entity.g);
      if (!found || entity.p.length === 0) return [];
      const { group, choice } = found;
      // Of a drawing without a place nothing can be stored yet; what a group is to become is shown all the same.
      const asRead = choice.kind === group.kind && choice.ignore === group.ignore && (plane.known || !choice.kind);
      const s = asRead ? entity.s : choice.kind ? "stored" : choice.ignore ? "ignored" : "refused";
      const kind = choice.kind ? kinds.get(choice.kind) : undefined;
      const area = closed(entity.p) && kind !== undefined && kind.geometry !== "LineString";
      const properties = { g: entity.g, h: entity.h, s, i, color: kind?.color ?? plain, text: entity.t ?? "", area };
      return [{ type: "Feature" as const, properties, geometry: geometry(entity.p.map((point) => plane.lonlat(point)), area) }];
    }),
  );
}

/** What would be stored, where its place is known; outlines that were chained from lines are whole here. */
export function features(preview: Preview, kinds: ReadonlyMap<string, Kind>, plain: string): FeatureCollection {
  return collection(
    preview.features.features.map((feature) => ({ ...feature, properties: { ...feature.properties, h: feature.properties.handle, color: kinds.get(feature.properties.kind)?.color ?? plain } })),
  );
}

/** The middle of a ring: the mean of its corners weighted by the sides that meet there. */
function middle(line: readonly Position[]): Position {
  let [x, y, weight] = [0, 0, 0];
  for (let at = 1; at < line.length; at += 1) {
    const [a, b] = [line[at - 1]!, line[at]!];
    const length = Math.hypot(b[0]! - a[0]!, b[1]! - a[1]!);
    x += ((a[0]! + b[0]!) / 2) * length;
    y += ((a[1]! + b[1]!) / 2) * length;
    weight += length;
  }
  return weight ? [x / weight, y / weight] : line[0]!;
}

function anchor(shape: Geometry): Position | null {
  if (shape.type === "Point") return shape.coordinates;
  if (shape.type === "LineString") return shape.coordinates[Math.floor(shape.coordinates.length / 2)] ?? null;
  const ring = shape.type === "Polygon" ? shape.coordinates[0] : shape.type === "MultiPolygon" ? shape.coordinates[0]?.[0] : undefined;
  return ring ? middle(ring) : null;
}

/** A name once for each feature: the map cuts shapes into tiles, and would name each piece. */
export function names(shapes: FeatureCollection): FeatureCollection {
  return collection(
    shapes.features.flatMap((feature) => {
      const at = feature.properties?.name ? anchor(feature.geometry) : null;
      return at ? [{ type: "Feature" as const, properties: { name: feature.properties?.name as string }, geometry: { type: "Point" as const, coordinates: at } }] : [];
    }),
  );
}

/** The marks that have a place, those of one place together: the worst one stands for all. */
export function marks(list: readonly Mark[], plane: Plane): FeatureCollection<Geometry, MarkProperties> {
  const places = new Map<string, { i: number; severity: Severity; n: number; at: Xy }>();
  list.forEach((mark, i) => {
    const at = mark.xy ? plane.lonlat(mark.xy) : plane.known ? mark.lonlat : null;
    if (!at) return;
    const key = `${at[0].toFixed(7)} ${at[1].toFixed(7)}`;
    const before = places.get(key);
    if (!before) places.set(key, { i, severity: mark.severity, n: 1, at });
    else places.set(key, { ...before, n: before.n + 1, ...(mark.severity === "error" && before.severity !== "error" ? { i, severity: mark.severity } : {}) });
  });
  return collection([...places.values()].map(({ at, ...properties }) => ({ type: "Feature" as const, properties, geometry: { type: "Point" as const, coordinates: [...at] } })));
}

/** The vertex of the sketch nearest to a place, and how far it is, drawing units. */
export function nearest(entities: readonly Entity[], at: Xy): { xy: Xy; distance: number } | null {
  let best: { xy: Xy; distance: number } | null = null;
  for (const entity of entities) {
    for (const xy of entity.p) {
      const distance = Math.hypot(xy[0] - at[0], xy[1] - at[1]);
      if (!best || distance < best.distance) best = { xy, distance };
    }
  }
  return best;
}

/** What differs between two versions: each change as it is now, as it was before where it moved, and the way between. */
export function changes(difference: Difference): FeatureCollection {
  return collection(
    difference.changes.flatMap((one, i): Feature<Geometry, object>[] => {
      const [old, now] = [one.old?.geometry ?? null, (one.new ?? one.old)?.geometry ?? null];
      if (!now) return [];
      const told = { i, change: one.change, number: "" };
      const parts: Feature<Geometry, object>[] = [{ type: "Feature", properties: { ...told, side: "now", number: String(i + 1) }, geometry: now }];
      if (one.change === "moved" && old) {
        const way: Geometry = { type: "LineString", coordinates: [centre(old), centre(now)] };
        parts.push({ type: "Feature", properties: { ...told, side: "before" }, geometry: old }, { type: "Feature", properties: { ...told, side: "way" }, geometry: way });
      }
      return parts;
    }),
  );
}

function places(geometry: Geometry): Position[] {
  if (geometry.type === "GeometryCollection") return geometry.geometries.flatMap(places);
  return (geometry.coordinates as unknown[]).flat(9).reduce<Position[]>((all, value, at, flat) => (at % 2 ? [...all, [flat[at - 1] as number, value as number]] : all), []);
}

/** West, south, east, north of changes; null where none lies on the ground. */
export function extent(shown: readonly Change[]): [number, number, number, number] | null {
  const points = shown.flatMap((one) => [one.old, one.new].flatMap((side) => (side?.geometry ? places(side.geometry) : [])));
  if (points.length === 0) return null;
  const [lon, lat] = [points.map((point) => point[0]!), points.map((point) => point[1]!)];
  const margin = 0.00015;
  return [Math.min(...lon) - margin, Math.min(...lat) - margin, Math.max(...lon) + margin, Math.max(...lat) + margin];
}

function centre(geometry: Geometry): Position {
  const points = places(geometry);
  const mean = (at: 0 | 1) => points.reduce((sum, point) => sum + point[at]!, 0) / points.length;
  return [mean(0), mean(1)];
}
