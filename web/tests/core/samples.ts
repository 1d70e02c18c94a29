import type { Enterprise, FeatureSummary, State } from "../../src/core/types";

export const PLANT = "11111111-1111-5111-8111-111111111111";
export const OUTLET = "22222222-2222-5222-8222-222222222222";
export const TANK = "33333333-3333-5333-8333-333333333333";

export function state(level: number | null = null, more: Partial<State> = {}): State {
  return { alarm_level: level, open_alarms: level === null ? 0 : 1, case_count: 0, case_ids: [], readings: {}, ...more };
}

export function enterprise(more: Partial<Enterprise> = {}): Enterprise {
  return {
    feature_id: PLANT,
    name: "示范厂",
    code: null,
    source_code: null,
    credit_code: null,
    industry: null,
    industry_code: null,
    glyph: "企",
    initials: "sfc",
    county: null,
    county_name: null,
    address: null,
    lon: 107.5,
    lat: 31.2,
    ground_m: 260,
    radius_m: 150,
    alarm_level: null,
    open_alarms: 0,
    alarms_by_level: {},
    case_count: 0,
    feature_count: 2,
    tileset: { version: "v1", url: `/tiles3d/${PLANT}/v1/tileset.json` },
    ...more,
  };
}

export function feature(id: string, more: Partial<FeatureSummary> = {}): FeatureSummary {
  return { feature_id: id, kind: "outlet", type: "water", name: "污水总排口", code: "DW001", lon: 107.5, lat: 31.2, z_min_m: 0, z_max_m: 3, state: state(), ...more };
}
