/** What `/api/drafts` says (docs/house.md). */
import type { FeatureCollection, Geometry } from "geojson";
import type { KindInfo } from "../core/types";

export type DraftState = "uploading" | "reading" | "ready" | "importing" | "imported" | "failed" | "cancelled";
export type DrawingKind = "A" | "B" | "C" | "D";
export const DRAWING_KINDS: readonly DrawingKind[] = ["A", "B", "C", "D"];
export type Severity = "error" | "warning" | "violation";
export const SEVERITIES: readonly Severity[] = ["error", "violation", "warning"];
export type Fate = "stored" | "ignored" | "refused";
export const FATES: readonly Fate[] = ["stored", "ignored", "refused"];

export type Xy = readonly [number, number];

export interface Counts {
  entities: number;
  stored: number;
  ignored: number;
  refused: number;
}

export interface Issue {
  code: string;
  severity: Severity;
  message: string;
  hint: string;
  place: { file?: string; layer?: string; handle?: string; xy?: Xy; field?: string };
}

export interface Draft {
  draft_id: string;
  file_name: string;
  bytes: number;
  enterprise_id: string | null;
  drawing_kind: DrawingKind | null;
  revision: number;
  read_revision: number;
  state: DraftState;
  progress: { step?: string; share?: number };
  failure: string | null;
  summary: { counts: Counts; blocking: number; placed: boolean } | null;
  outcome: { published: boolean; version: number; state: VersionState; actions: Record<string, number>; issues: Issue[] } | null;
  options?: Texts;
}

/** The texts that a reading depends on. */
export interface Texts {
  mapping: string | null;
  gcp: string | null;
  crs: string | null;
}

export interface Options extends Texts {
  enterprise: string | null;
  drawing_kind: DrawingKind | null;
}

/** The entities of one layer, type, block and closedness, and what becomes of them. */
export interface Group {
  id: number;
  layer: string;
  type: string;
  block: string | null;
  closed: boolean | null;
  color: string;
  count: number;
  stored: number;
  ignored: number;
  refused: number;
  texts: string[];
  kind: string | null;
  ignore: string | null;
}

export interface Entity {
  /** Group. */
  g: number;
  /** Handle. */
  h: string;
  s: Fate;
  /** Drawing coordinates, linearised; one point: a point, a text, a block. */
  p: Xy[];
  t: string | null;
}

export interface Mark {
  code: string;
  severity: Severity;
  message: string;
  hint: string;
  handle: string | null;
  layer: string | null;
  xy: Xy | null;
  lonlat: Xy | null;
}

export type Method = "norm" | "crs" | "gcp" | "geodata" | "none";

/** How the place was found; which of these there are depends on the method. */
export interface Note {
  crs?: string;
  /** Metres a drawing unit. */
  scale?: number;
  turn_deg?: number;
  rms_m?: number;
  /** By the name of the control point. */
  residuals_m?: Record<string, number>;
}

export interface Preview {
  report: { counts: Counts; features: Record<string, number>; ignored_by: Record<string, number>; issues: Issue[] };
  frame: { known: boolean; method: Method; note: Note };
  groups: Group[];
  sketch: {
    bounds: [number, number, number, number] | null;
    entities: Entity[];
    /** Where nine points of the bounds lie (x, y, longitude, latitude): rows from the south, each from the west; null without a place. */
    grid: [number, number, number, number][] | null;
  };
  features: FeatureCollection<Geometry, { kind: string; name: string; code: string | null; handle: string }>;
  marks: Mark[];
  mapping: string;
}

/** A kind with what a mapping needs to know of it. */
export interface Kind extends KindInfo {
  geometry: "Point" | "LineString" | "Polygon" | "PolygonZ" | "MultiPolygon" | "Geometry";
  attributes: { name: string; label: string; unit: string | null; type: string; enum: string | null; required: boolean }[];
}

export type Enums = Record<string, Record<string, string>>;

/** A control point: where it lies in the drawing, and where on the ground (EPSG:4545, metres); empty where not said yet. */
export interface ControlPoint {
  name: string;
  x: number | null;
  y: number | null;
  east: number | null;
  north: number | null;
  src: string;
}

/** How a drawing is handed in. */
export interface Handed {
  review: boolean;
  drawn_by: string | null;
  reason: string | null;
  resurvey_on: string | null;
}

export type VersionState = "draft" | "checked" | "published" | "superseded" | "refused";
export type Decision = "check" | "refuse" | "publish" | "resurvey";

export interface Act {
  act: Decision;
  signed: string;
  reason: string;
  resurvey_on: string | null;
  asked_at: string;
  done_at: string | null;
  failure: string | null;
}

/** One version of a drawing. */
export interface Version {
  drawing_id: number;
  drawing_kind: DrawingKind;
  version: number;
  state: VersionState;
  state_label: string;
  review: boolean;
  blocking: number;
  file_name: string;
  drawn_by: string;
  handed_at: string;
  reason: string;
  reviewer: string | null;
  reviewed_at: string | null;
  publisher: string | null;
  published_at: string | null;
  resurvey_on: string | null;
  issues: Partial<Record<Severity, number>>;
  comparable: boolean;
  /** Its sheet was drawn for those who review it. */
  proof: boolean;
  acts: Act[];
}

/** The four drawings of an enterprise; `review`: each has to be reviewed. */
export interface Drawings {
  review: boolean;
  drawings: { kind: DrawingKind; title: string; versions: Version[] }[];
}

export type ChangeName = "added" | "removed" | "moved" | "changed";
export const CHANGES: readonly ChangeName[] = ["added", "removed", "moved", "changed"];

export interface Side {
  geometry: Geometry | null;
}

export interface Change {
  change: ChangeName;
  label: string;
  feature_id: string;
  kind_label: string;
  code: string | null;
  name: string;
  said: string;
  old: Side | null;
  new: Side | null;
}

/** What differs between two versions. */
export interface Difference {
  drawing_kind: DrawingKind;
  from: number | null;
  to: number;
  counts: Record<ChangeName, number>;
  changes: Change[];
}
