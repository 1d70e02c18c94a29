/** Everything the page knows: enterprises, features and their states, what is chosen, and how the connection stands. No engine, no DOM. */
import { EVERYTHING, matches, type Filter } from "./filter";
import type { Connection } from "./live";
import {
  EMPTY_STATE,
  type Bbox,
  type ChangeEvent,
  type DeliveredLayer,
  type Enterprise,
  type FeatureSummary,
  type Going,
  type KindGroup,
  type KindInfo,
  type Kinds,
  type Land,
  type State,
  type StateEvent,
  type TilesetEvent,
  type TilesetPointer,
} from "./types";

export type Phase = "loading" | "ready" | "error";

export type Change =
  | { topic: "phase" | "connection" | "kinds" | "enterprises" | "selected" | "chosen" | "filter" | "layers" | "city" | "going" | "ground" }
  | { topic: "features"; enterprise: string }
  | { topic: "state"; feature: string; enterprise: string }
  | { topic: "tileset"; enterprise: string }
  /** Something of this feature changed that only its card shows. */
  | { topic: "touched"; feature: string }
  /** What the map's tiles show in this box is no longer so. */
  | { topic: "drawn"; bbox: Bbox };

export type Topic = Change["topic"];

const LEVELS = [1, 2, 3, 4] as const;
/** Kinds that decide where the ground is level: the yards, and what may stand beside them. */
const GROUND = new Set(["enterprise", "site_boundary", "building", "structure"]);

export class FeatureStore {
  readonly enterprises = new Map<string, Enterprise>();
  readonly features = new Map<string, FeatureSummary>();
  readonly kinds = new Map<string, KindInfo>();
  groups: readonly KindGroup[] = [];
  enums: Kinds["enums"] = {};
  phase: Phase = "loading";
  error: string | null = null;
  connection: Connection = { phase: "connecting", retryAt: null };
  /** The massing of all enterprises. */
  city: TilesetPointer | null = null;
  /** The feature whose card is open. */
  selected: string | null = null;
  /** The enterprise whose features are listed. */
  chosen: string | null = null;
  filter: Filter = EVERYTHING;
  /** Layers that are switched off: names of kinds and of ground layers. */
  hidden: ReadonlySet<string> = new Set();
  /** The ground and its base maps; none until they are asked for. */
  land: Land = { terrain: null, imagery: [] };
  /** Long work that fills the store. */
  going: readonly Going[] = [];
  /** Finished 3D Tiles of others. */
  delivered: readonly DeliveredLayer[] = [];

  private readonly members = new Map<string, Set<string>>();
  private readonly owners = new Map<string, string>();
  private readonly listeners = new Set<(change: Change) => void>();

  subscribe(listener: (change: Change) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  setPhase(phase: Phase, error: string | null = null): void {
    this.phase = phase;
    this.error = error;
    this.emit({ topic: "phase" });
  }

  setConnection(connection: Connection): void {
    this.connection = connection;
    this.emit({ topic: "connection" });
  }

  setKinds(kinds: Kinds): void {
    this.kinds.clear();
    for (const kind of kinds.kinds) this.kinds.set(kind.name, kind);
    this.groups = kinds.groups;
    this.enums = kinds.enums;
    this.emit({ topic: "kinds" });
  }

  setEnterprises(list: readonly Enterprise[]): void {
    const kept = new Set(list.map((enterprise) => enterprise.feature_id));
    for (const id of this.enterprises.keys()) if (!kept.has(id)) this.forgetEnterprise(id);
    this.enterprises.clear();
    for (const enterprise of list) this.enterprises.set(enterprise.feature_id, { ...enterprise });
    if (this.chosen && !kept.has(this.chosen)) this.chosen = null;
    this.emit({ topic: "enterprises" });
  }

  setCity(city: TilesetPointer | null): void {
    if (this.city?.version === city?.version) return;
    this.city = city;
    this.emit({ topic: "city" });
  }

  setGoing(going: readonly Going[]): void {
    if (JSON.stringify(going) === JSON.stringify(this.going)) return;
    this.going = going;
    this.emit({ topic: "going" });
  }

  setFeatures(enterprise: string, list: readonly FeatureSummary[]): void {
    this.forgetMembers(enterprise);
    this.members.set(enterprise, new Set());
    for (const feature of list) this.adopt(enterprise, { ...feature });
    this.summarise(enterprise);
    this.emit({ topic: "features", enterprise });
  }

  hasFeatures(enterprise: string): boolean {
    return this.members.has(enterprise);
  }

  featuresOf(enterprise: string): FeatureSummary[] {
    return [...(this.members.get(enterprise) ?? [])].flatMap((id) => this.features.get(id) ?? []);
  }

  /** The enterprise of a feature, an enterprise's own id included. */
  ownerOf(feature: string): string | null {
    return this.owners.get(feature) ?? (this.enterprises.has(feature) ? feature : null);
  }

  select(feature: string | null): void {
    if (this.selected === feature) return;
    this.selected = feature;
    this.emit({ topic: "selected" });
  }

  choose(enterprise: string | null): void {
    if (this.chosen === enterprise) return;
    this.chosen = enterprise;
    this.emit({ topic: "chosen" });
  }

  setFilter(filter: Filter): void {
    this.filter = filter;
    this.emit({ topic: "filter" });
  }

  setLand(land: Land): void {
    this.land = land;
    this.emit({ topic: "layers" });
  }

  setDelivered(layers: readonly DeliveredLayer[]): void {
    this.delivered = layers;
    this.emit({ topic: "layers" });
  }

  setHidden(hidden: ReadonlySet<string>): void {
    this.hidden = hidden;
    this.emit({ topic: "layers" });
  }

  /** Whether a feature's layer is on; what is selected is always shown, and what is not known is left as it is. */
  showsFeature(id: string): boolean {
    const feature = this.features.get(id);
    return feature === undefined || id === this.selected || !this.hidden.has(feature.kind);
  }

  /** Whether the filter lets an enterprise through; what is chosen is always shown. */
  shows(enterprise: string): boolean {
    const row = this.enterprises.get(enterprise);
    return row !== undefined && (enterprise === this.chosen || matches(row, this.filter));
  }

  /** Take a changed feature over; true where only a new list can tell what it is. */
  applyChange(event: ChangeEvent): boolean {
    this.emit({ topic: "touched", feature: event.feature_id });
    if (event.bbox) this.emit({ topic: "drawn", bbox: event.bbox });
    if (GROUND.has(event.kind)) this.emit({ topic: "ground" });
    const feature = this.features.get(event.feature_id);
    const enterprise = event.enterprise_id ?? this.ownerOf(event.feature_id);
    if (!enterprise) return false;
    if (event.op === "delete") {
      if (feature) this.drop(enterprise, event.feature_id);
      return false;
    }
    if (!feature) return event.kind !== "enterprise" && this.hasFeatures(enterprise);
    if (event.bbox) {
      const [west, south, east, north] = event.bbox;
      feature.lon = (west + east) / 2;
      feature.lat = (south + north) / 2;
      this.emit({ topic: "features", enterprise });
    }
    return false;
  }

  /** Take a new state over; true where it counts for an enterprise whose features have not been read yet. */
  applyState(event: StateEvent): boolean {
    this.emit({ topic: "touched", feature: event.feature_id });
    if (event.bbox) this.emit({ topic: "drawn", bbox: event.bbox });
    const enterprise = event.enterprise_id ?? this.ownerOf(event.feature_id);
    if (!enterprise) return false;
    const feature = this.features.get(event.feature_id);
    if (!feature) return event.feature_id !== enterprise && !this.hasFeatures(enterprise) && this.counts(enterprise, event.state);
    feature.state = event.state;
    this.summarise(enterprise);
    this.emit({ topic: "state", feature: event.feature_id, enterprise });
    return false;
  }

  /** Whether an enterprise's account of alarms and cases may be another by a feature's state: a reading alone is none of it. */
  private counts(enterprise: string, state: State): boolean {
    const row = this.enterprises.get(enterprise);
    return row !== undefined && state.open_alarms + row.open_alarms + state.case_count + row.case_count > 0;
  }

  /** Point at the new version; true where the enterprise is not known yet. */
  applyTileset(event: TilesetEvent): boolean {
    const enterprise = this.enterprises.get(event.enterprise_id);
    if (!enterprise) return true;
    enterprise.tileset = event.version && event.url ? { version: event.version, url: event.url } : null;
    this.emit({ topic: "tileset", enterprise: event.enterprise_id });
    return false;
  }

  /** Take over what a freshly loaded tile says about features, so that an edit needs no list to be read again. */
  patch(enterprise: string, rows: ReadonlyMap<string, Partial<FeatureSummary>>): void {
    let changed = false;
    for (const [id, row] of rows) {
      const feature = this.features.get(id);
      if (!feature) continue;
      for (const key of ["name", "code", "z_min_m", "z_max_m"] as const) {
        const value = row[key];
        if (value === undefined || value === feature[key]) continue;
        Object.assign(feature, { [key]: value });
        changed = true;
      }
    }
    if (changed) this.emit({ topic: "features", enterprise });
  }

  /** Open alarms by level, over all enterprises whose features are known, else by the enterprise's own account. */
  alarmCounts(): Record<1 | 2 | 3 | 4, number> {
    const counts = { 1: 0, 2: 0, 3: 0, 4: 0 };
    for (const enterprise of this.enterprises.values()) {
      if (!this.hasFeatures(enterprise.feature_id)) {
        for (const level of LEVELS) counts[level] += enterprise.alarms_by_level[level] ?? 0;
        continue;
      }
      for (const { state } of this.featuresOf(enterprise.feature_id)) if (isLevel(state.alarm_level)) counts[state.alarm_level] += state.open_alarms;
    }
    return counts;
  }

  stateOf(feature: string): State {
    return this.features.get(feature)?.state ?? EMPTY_STATE;
  }

  private adopt(enterprise: string, feature: FeatureSummary): void {
    this.features.set(feature.feature_id, feature);
    this.owners.set(feature.feature_id, enterprise);
    this.members.get(enterprise)?.add(feature.feature_id);
  }

  private drop(enterprise: string, feature: string): void {
    this.features.delete(feature);
    this.owners.delete(feature);
    this.members.get(enterprise)?.delete(feature);
    this.summarise(enterprise);
    this.emit({ topic: "features", enterprise });
  }

  private forgetMembers(enterprise: string): void {
    for (const id of this.members.get(enterprise) ?? []) {
      this.features.delete(id);
      this.owners.delete(id);
    }
    this.members.delete(enterprise);
  }

  private forgetEnterprise(enterprise: string): void {
    this.forgetMembers(enterprise);
    this.enterprises.delete(enterprise);
  }

  /** An enterprise's badge is the sum over its features. */
  private summarise(id: string): void {
    const enterprise = this.enterprises.get(id);
    if (!enterprise) return;
    const features = this.featuresOf(id).filter((feature) => feature.feature_id !== id);
    const levels = features.flatMap((feature) => feature.state.alarm_level ?? []);
    enterprise.alarm_level = levels.length ? Math.min(...levels) : null;
    enterprise.open_alarms = features.reduce((sum, feature) => sum + feature.state.open_alarms, 0);
    enterprise.case_count = new Set(features.flatMap((feature) => feature.state.case_ids)).size;
    enterprise.feature_count = features.length;
    this.emit({ topic: "enterprises" });
  }

  private emit(change: Change): void {
    for (const listener of this.listeners) listener(change);
  }
}

function isLevel(level: number | null): level is 1 | 2 | 3 | 4 {
  return level === 1 || level === 2 || level === 3 || level === 4;
}
