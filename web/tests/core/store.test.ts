import { beforeEach, expect, test } from "vitest";
import { FeatureStore, type Change } from "../../src/core/store";
import { enterprise, feature, OUTLET, PLANT, state, TANK } from "./samples";

let store: FeatureStore;
let changes: Change[];

beforeEach(() => {
  store = new FeatureStore();
  store.setEnterprises([enterprise()]);
  store.setFeatures(PLANT, [feature(OUTLET), feature(TANK, { kind: "structure", code: "T001", state: state(3) })]);
  changes = [];
  store.subscribe((change) => changes.push(change));
});

const topics = () => changes.map((change) => change.topic);
const stateEvent = (level: number | null, more = {}) => ({ feature_id: OUTLET, enterprise_id: PLANT, kind: "outlet", state: state(level, more), bbox: null });
const changeEvent = (op: "insert" | "update" | "delete", id = OUTLET) => ({ layer: "outlets", kind: "outlet", op, feature_id: id, enterprise_id: PLANT, bbox: null });

test("an alarm reaches the feature, its enterprise and the counts without a question to the server", () => {
  expect(store.applyState(stateEvent(1, { case_ids: ["c1"], case_count: 1 }))).toBe(false);
  expect(store.stateOf(OUTLET).alarm_level).toBe(1);
  expect(store.enterprises.get(PLANT)).toMatchObject({ alarm_level: 1, open_alarms: 2, case_count: 1 });
  expect(store.alarmCounts()).toEqual({ 1: 1, 2: 0, 3: 1, 4: 0 });
  expect(topics()).toEqual(["touched", "enterprises", "state"]);
  store.applyState(stateEvent(null));
  expect(store.enterprises.get(PLANT)).toMatchObject({ alarm_level: 3, open_alarms: 1, case_count: 0 });
});

test("a state of an enterprise whose features are unknown asks for them", () => {
  const far = "44444444-4444-5444-8444-444444444444";
  store.setEnterprises([enterprise(), enterprise({ feature_id: far, alarm_level: 2, open_alarms: 5, alarms_by_level: { 2: 4, 4: 1 } })]);
  expect(store.alarmCounts()).toMatchObject({ 2: 4, 4: 1 });
  expect(store.applyState({ ...stateEvent(1), feature_id: TANK.replace("3", "9"), enterprise_id: far })).toBe(true);
  // A reading says nothing of a quiet plant that its row does not say.
  store.setEnterprises([enterprise(), enterprise({ feature_id: far, alarm_level: null, open_alarms: 0, case_count: 0, alarms_by_level: {} })]);
  expect(store.applyState({ ...stateEvent(null), feature_id: TANK.replace("3", "9"), enterprise_id: far })).toBe(false);
});

test("where the map is no longer so, it is told", () => {
  store.applyState({ ...stateEvent(1), bbox: [107, 31, 107, 31] });
  store.applyChange({ ...changeEvent("update"), bbox: [107, 31, 108, 32] });
  expect(changes.filter((change) => change.topic === "drawn")).toEqual([{ topic: "drawn", bbox: [107, 31, 107, 31] }, { topic: "drawn", bbox: [107, 31, 108, 32] }]);
});

test("a moved feature goes to the middle of its new box", () => {
  expect(store.applyChange({ ...changeEvent("update"), bbox: [107, 31, 108, 32] })).toBe(false);
  expect(store.features.get(OUTLET)).toMatchObject({ lon: 107.5, lat: 31.5 });
});

test("an insert asks for the list of that enterprise, a delete does not", () => {
  expect(store.applyChange(changeEvent("insert", "55555555-5555-5555-8555-555555555555"))).toBe(true);
  expect(store.applyChange(changeEvent("delete"))).toBe(false);
  expect(store.featuresOf(PLANT).map((row) => row.feature_id)).toEqual([TANK]);
  expect(store.ownerOf(OUTLET)).toBeNull();
  expect(store.enterprises.get(PLANT)?.feature_count).toBe(1);
});

test("a new version moves the pointer; of a stranger it asks for the list", () => {
  const event = { enterprise_id: PLANT, version: "v2", url: "/tiles3d/x/v2/tileset.json" };
  expect(store.applyTileset(event)).toBe(false);
  expect(store.enterprises.get(PLANT)?.tileset).toEqual({ version: "v2", url: event.url });
  expect(store.applyTileset({ ...event, enterprise_id: TANK })).toBe(true);
});

test("a tile's own properties correct the summary, and say so once", () => {
  store.patch(PLANT, new Map([[TANK, { name: "新罐", z_max_m: 14 }], ["unknown", { name: "?" }]]));
  expect(store.features.get(TANK)).toMatchObject({ name: "新罐", z_max_m: 14, code: "T001" });
  expect(topics()).toEqual(["features"]);
  store.patch(PLANT, new Map([[TANK, { name: "新罐" }]]));
  expect(topics()).toEqual(["features"]);
});

test("an enterprise that is gone takes its features with it", () => {
  store.choose(PLANT);
  store.setEnterprises([]);
  expect(store.features.size).toBe(0);
  expect(store.chosen).toBeNull();
});

test("selecting the same feature twice is said once", () => {
  store.select(OUTLET);
  store.select(OUTLET);
  expect(topics()).toEqual(["selected"]);
});
