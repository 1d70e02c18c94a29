/** Which labels the store asks for: enterprises from afar, their features near by, alarms always. */
import { Cartesian3 } from "cesium";
import { roman } from "../core/i18n";
import { toneOf } from "../core/kinds";
import type { FeatureStore } from "../core/store";
import type { Enterprise, FeatureSummary, KindInfo } from "../core/types";
import { groundAt } from "../core/ground";
import type { CityPlace } from "./citymap";
import { alarmColour } from "./colour";
import type { LabelItem } from "./labels";

/** Outlets and monitors are what inspectors look for; large things explain the place. Of the rest, bodies have names; there may be thousands of others. */
const PRIORITY: Record<string, number> = { outlet: 30, monitoring_point: 26, structure: 20, underground_structure: 18, building: 14 };
/** So many at once can be placed without slowing the picture; the most important stay. */
const MOST = 400;
const ALWAYS = Number.POSITIVE_INFINITY;
/** So few enterprises show their names from any height. */
const FEW = 12;

/** True for what the ground covers whole; an open basin ends at the ground and can be seen. */
export function isBuried(feature: FeatureSummary): boolean {
  return feature.z_max_m < 0 || feature.kind === "underground_structure";
}

function mark(level: number | null): LabelItem["alarm"] {
  return level !== null && alarmColour(level) ? { level, roman: roman(level) } : null;
}

/** From afar symbols speak; names come with an urgent alarm, or as one draws near. Alarm level (0: none) → metres. */
const FAR_M: Record<number, number> = { 0: 45_000, 3: 90_000, 4: 60_000 };

function ofEnterprise(enterprise: Enterprise, loaded: boolean, alone: boolean): LabelItem {
  const { lon, lat, ground_m, radius_m } = enterprise;
  return {
    id: enterprise.feature_id,
    text: enterprise.name,
    position: Cartesian3.fromDegrees(lon, lat, ground_m + radius_m * 0.25),
    priority: 200 + enterprise.open_alarms,
    tone: "enterprise",
    selected: false,
    opens: true,
    alarm: mark(enterprise.alarm_level),
    dot: "var(--ui-accent)",
    near_m: loaded ? radius_m * 8 : 0,
    far_m: alone ? ALWAYS : (FAR_M[enterprise.alarm_level ?? 0] ?? ALWAYS),
  };
}

interface Look {
  selected: boolean;
  underground: boolean;
  kind: KindInfo | undefined;
}

function ofFeature(feature: FeatureSummary, enterprise: Enterprise, { selected, underground, kind }: Look): LabelItem | null {
  const below = isBuried(feature);
  const alarm = mark(feature.state.alarm_level);
  const named = (feature.kind in PRIORITY || kind?.form === "solid") && Boolean(feature.name || feature.code);
  if (!named && !alarm && !selected) return null;
  if (below && !underground && !alarm && !selected) return null;
  const top = below && !underground ? 0 : feature.z_max_m;
  return {
    id: feature.feature_id,
    text: feature.name || feature.code || kind?.label || "",
    position: Cartesian3.fromDegrees(feature.lon, feature.lat, enterprise.ground_m + top + 0.3),
    priority: (selected ? 1000 : 0) + (alarm ? 600 - alarm.level * 10 : 0) + (below ? 40 : 0) + (PRIORITY[feature.kind] ?? 10) + Math.min(9, feature.z_max_m / 10),
    tone: alarm ? "alarm" : selected ? "selected" : "feature",
    selected,
    // In the ground a thing is small behind its own name, which is then the easier mark.
    opens: alarm !== null || below,
    alarm,
    dot: selected ? "var(--ui-select)" : toneOf(feature.kind, feature.type),
    near_m: 0,
    far_m: alarm || selected ? enterprise.radius_m * 12 : enterprise.radius_m * 5,
  };
}

/** Stations are named from where a district fills the picture. */
const STATION_FAR_M = 60_000;

function ofPlace(place: CityPlace, store: FeatureStore, ground_m: number): LabelItem {
  const selected = place.feature_id === store.selected;
  return {
    id: place.feature_id,
    text: place.name,
    position: Cartesian3.fromDegrees(place.lon, place.lat, (place.height_m ?? ground_m) + 10),
    priority: selected ? 1000 : 60,
    tone: selected ? "selected" : "station",
    selected,
    opens: true,
    alarm: null,
    dot: toneOf(place.kind, null),
    near_m: 0,
    far_m: selected ? ALWAYS : STATION_FAR_M,
  };
}

/** The labels of this moment. */
export function labelsOf(store: FeatureStore, underground: boolean, places: readonly CityPlace[]): LabelItem[] {
  const items: LabelItem[] = [];
  const grounds = [...store.enterprises.values()];
  for (const place of places) {
    if (!store.hidden.has(place.kind) || place.feature_id === store.selected) items.push(ofPlace(place, store, groundAt(place.lon, place.lat, grounds)));
  }
  for (const enterprise of store.enterprises.values()) {
    if (!store.shows(enterprise.feature_id)) continue;
    const loaded = store.hasFeatures(enterprise.feature_id);
    if (!store.hidden.has("enterprise")) items.push(ofEnterprise(enterprise, loaded, store.enterprises.size <= FEW));
    for (const feature of store.featuresOf(enterprise.feature_id)) {
      if (!store.showsFeature(feature.feature_id)) continue;
      const selected = feature.feature_id === store.selected;
      const item = ofFeature(feature, enterprise, { selected, underground, kind: store.kinds.get(feature.kind) });
      if (item) items.push(item);
    }
  }
  return items.length > MOST ? items.sort((a, b) => b.priority - a.priority).slice(0, MOST) : items;
}
