/** Which labels the store asks for: enterprises from afar, their features near by, alarms always. */
import { Cartesian3 } from "cesium";
import { roman } from "../core/i18n";
import type { FeatureStore } from "../core/store";
import type { Enterprise, FeatureSummary } from "../core/types";
import { alarmColour } from "./colour";
import type { LabelItem } from "./labels";

/** Outlets and monitors are what inspectors look for; large things explain the place. */
const PRIORITY: Record<string, number> = { outlet: 30, monitoring_point: 26, structure: 20, underground_structure: 18, building: 14 };
const UNNAMED = new Set(["site_boundary", "enterprise"]);
const ALWAYS = Number.POSITIVE_INFINITY;

/** True for what the ground covers whole; an open basin ends at the ground and can be seen. */
export function isBuried(feature: FeatureSummary): boolean {
  return feature.z_max_m < 0 || feature.kind === "underground_structure";
}

function mark(level: number | null): LabelItem["alarm"] {
  return level !== null && alarmColour(level) ? { level, roman: roman(level) } : null;
}

function ofEnterprise(enterprise: Enterprise, loaded: boolean): LabelItem {
  const { lon, lat, ground_m, radius_m } = enterprise;
  return {
    id: enterprise.feature_id,
    text: enterprise.name,
    position: Cartesian3.fromDegrees(lon, lat, ground_m + radius_m * 0.25),
    priority: 200 + enterprise.open_alarms,
    tone: "enterprise",
    selected: false,
    alarm: mark(enterprise.alarm_level),
    dot: "var(--ui-accent)",
    near_m: loaded ? radius_m * 8 : 0,
    far_m: ALWAYS,
  };
}

function ofFeature(feature: FeatureSummary, enterprise: Enterprise, selected: boolean, underground: boolean): LabelItem | null {
  const below = isBuried(feature);
  const alarm = mark(feature.state.alarm_level);
  if (UNNAMED.has(feature.kind) && !selected) return null;
  if (below && !underground && !alarm && !selected) return null;
  const top = below && !underground ? 0 : feature.z_max_m;
  return {
    id: feature.feature_id,
    text: feature.name || feature.code || "",
    position: Cartesian3.fromDegrees(feature.lon, feature.lat, enterprise.ground_m + top + 0.3),
    priority: (selected ? 1000 : 0) + (alarm ? 600 - alarm.level * 10 : 0) + (below ? 40 : 0) + (PRIORITY[feature.kind] ?? 10) + Math.min(9, feature.z_max_m / 10),
    tone: alarm ? "alarm" : selected ? "selected" : "feature",
    selected,
    alarm,
    dot: selected ? "var(--ui-select)" : kindDot(feature),
    near_m: 0,
    far_m: alarm || selected ? enterprise.radius_m * 12 : enterprise.radius_m * 5,
  };
}

function kindDot(feature: FeatureSummary): string {
  const kind = `--scene-${feature.kind}`;
  return feature.type ? `var(${kind}-${feature.type}, var(${kind}))` : `var(${kind})`;
}

/** The labels of this moment. */
export function labelsOf(store: FeatureStore, underground: boolean): LabelItem[] {
  const items: LabelItem[] = [];
  for (const enterprise of store.enterprises.values()) {
    const loaded = store.hasFeatures(enterprise.feature_id);
    items.push(ofEnterprise(enterprise, loaded));
    for (const feature of store.featuresOf(enterprise.feature_id)) {
      const item = ofFeature(feature, enterprise, feature.feature_id === store.selected, underground);
      if (item) items.push(item);
    }
  }
  return items;
}
