/** The HTTP contract of `docs/house.md`, as the browser reads it. */

export interface Reading {
  value: number;
  unit: string;
  at: string;
  flag: string | null;
  limit: number | null;
  label: string;
}

export interface State {
  alarm_level: number | null;
  open_alarms: number;
  case_count: number;
  case_ids: string[];
  readings: Record<string, Reading>;
}

export interface TilesetPointer {
  version: string;
  url: string;
}

/** Long work that fills the store. */
export interface Going {
  name: string;
  label: string;
  done: number;
  total: number;
}

/** A base map of the server's own. */
export interface BaseMap {
  name: string;
  label: string;
  attribution: string;
  /** With `{z}`, `{x}`, `{y}`: XYZ, web Mercator. */
  url: string;
  /** West, south, east, north, degrees. */
  bounds: [number, number, number, number];
  max_zoom: number;
}

/** The ground: terrain where some is baked, and the base maps there are. */
export interface Land {
  terrain: { url: string; version: string } | null;
  imagery: BaseMap[];
}

export interface Enterprise {
  feature_id: string;
  name: string;
  code: string | null;
  source_code: string | null;
  credit_code: string | null;
  industry: string | null;
  industry_code: string | null;
  /** One letter that stands for the industry. */
  glyph: string;
  /** Pinyin initials of the name, lower case. */
  initials: string;
  /** GB/T 2260 code. */
  county: string | null;
  county_name: string | null;
  address: string | null;
  lon: number;
  lat: number;
  /** Ellipsoid height of the ground, metres. */
  ground_m: number;
  /** Half the diagonal of all its features, metres. */
  radius_m: number;
  alarm_level: number | null;
  open_alarms: number;
  /** Open alarms by level; a level without any is left out. */
  alarms_by_level: Partial<Record<"1" | "2" | "3" | "4", number>>;
  case_count: number;
  feature_count: number;
  tileset: TilesetPointer | null;
}

export interface FeatureSummary {
  feature_id: string;
  kind: string;
  type: string | null;
  name: string;
  code: string | null;
  lon: number;
  lat: number;
  /** Relative to the ground, metres; negative below it. */
  z_min_m: number;
  z_max_m: number;
  state: State;
}

export interface CardAttribute {
  name: string;
  label: string;
  value: unknown;
  unit: string | null;
  /** Ready to show. */
  text: string;
}

export interface Alarm {
  alarm_id: string;
  level: number;
  rule: string;
  rule_label: string;
  message: string;
  opened: string;
  closed: string | null;
  state: "raised" | "acknowledged" | "dispatched" | "handled" | "reviewed" | "closed";
  state_label: string;
  /** When the condition ended. */
  cleared: string | null;
  due: string | null;
  overdue: boolean;
  assignee: string;
  outcome_label: string;
  /** What can be done with it now, the usual first. */
  steps: AlarmStep[];
}

export interface AlarmStep {
  step: string;
  label: string;
  usual: boolean;
}

/** An alarm with whose it is. */
export interface ListedAlarm extends Alarm {
  feature_id: string;
  feature: string | null;
  code: string | null;
  enterprise_id: string | null;
  enterprise: string | null;
}

export interface CaseLink {
  case_id: string;
  title: string;
  opened_on: string | null;
  status: string;
}

/** A printed drawing of an enterprise: its kind (A to D), title and address. */
export interface SheetLink {
  kind: string;
  title: string;
  url: string;
}

export interface Card {
  feature_id: string;
  kind: string;
  kind_label: string;
  type: string | null;
  name: string;
  code: string | null;
  enterprise: { feature_id: string; name: string } | null;
  lon: number;
  lat: number;
  z_min_m: number;
  z_max_m: number;
  attributes: CardAttribute[];
  state: State;
  alarms: Alarm[];
  cases: CaseLink[];
  recorded_from: string;
  author: string;
  reason: string;
}

export interface HistoryEntry {
  recorded_from: string;
  recorded_to: string | null;
  author: string;
  reason: string;
  origin: string;
  changes: { name: string; label: string; old: unknown; new: unknown }[];
}

/** How a scene shows a kind. */
export type Form = "solid" | "surface" | "line" | "pipe" | "marker" | "none";

export interface KindInfo {
  name: string;
  label: string;
  /** Of the layer panel. */
  group: string;
  form: Form;
  color: string;
  /** The symbol of `/svg/{theme}/{symbol}.svg`; those of its types. */
  symbol: string | null;
  type_symbols: Record<string, string>;
  /** The code list of its types, where it has types. */
  type_enum: string | null;
  attributes: { name: string; label: string; unit: string | null; type: string; enum: string | null }[];
}

export interface KindGroup {
  name: string;
  label: string;
}

export interface Kinds {
  kinds: KindInfo[];
  /** In the order of a layer panel. */
  groups: KindGroup[];
  enums: Record<string, Record<string, string>>;
}

export type Bbox = [west: number, south: number, east: number, north: number];

export interface ChangeEvent {
  layer: string;
  kind: string;
  op: "insert" | "update" | "delete";
  feature_id: string;
  enterprise_id: string | null;
  bbox: Bbox | null;
}

export interface StateEvent {
  feature_id: string;
  enterprise_id: string | null;
  kind: string;
  state: State;
  /** Where the map's tiles change with it; null where they don't. */
  bbox: Bbox | null;
}

/** Both null where the enterprise was withdrawn. */
export interface TilesetEvent {
  enterprise_id: string;
  version: string | null;
  url: string | null;
}

/** Finished 3D Tiles of others: oblique photogrammetry, a point cloud. */
export interface DeliveredLayer {
  name: string;
  label: string;
  content: "mesh" | "points";
  url: string;
  /** East, north, up, metres. */
  offset_m: [number, number, number];
  lon: number;
  lat: number;
  radius_m: number;
  /** Rings that are cut out of it, longitude and latitude. */
  clips: [number, number][][];
}

/** What belongs to no enterprise, of one kind (GeoJSON, EPSG:4490). */
export interface CityLayer {
  features: { geometry: unknown; properties: { feature_id: string; code: string; name: string } }[];
}

/** The whole city's tileset; both null where there is none any more. */
export interface CityEvent {
  version: string | null;
  url: string | null;
}

export const EMPTY_STATE: State = { alarm_level: null, open_alarms: 0, case_count: 0, case_ids: [], readings: {} };
