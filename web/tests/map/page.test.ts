import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createSSRApp, h, type Component } from "vue";
import { renderToString } from "vue/server-renderer";
import { Api } from "../../src/core/api";
import { Session } from "../../src/core/session";
import { FeatureStore } from "../../src/core/store";
import { ThemeSwitch } from "../../src/core/theme";
import type { KindInfo } from "../../src/core/types";
import { CONTEXT } from "../../src/panels/context";
import FilterPanel from "../../src/map/FilterPanel.vue";
import LayersPanel from "../../src/map/LayersPanel.vue";
import MapPage from "../../src/map/MapPage.vue";
import MapTools from "../../src/map/MapTools.vue";
import MarksPanel from "../../src/map/MarksPanel.vue";
import MeasurePanel from "../../src/map/MeasurePanel.vue";
import PrintPanel from "../../src/map/PrintPanel.vue";
import TimePanel from "../../src/map/TimePanel.vue";

// The engine needs a window and WebGL; what stands around it does not.
vi.mock("../../src/map/map", () => ({ CityMap: class {} }));

const prefers = { matches: false, addEventListener: () => undefined, removeEventListener: () => undefined };
beforeAll(() => {
  vi.stubGlobal("matchMedia", () => prefers);
  vi.stubGlobal("location", { hash: "#at=2026-03-01T00:00:00Z&of=structure&cql=height_m%20%3E%205", origin: "http://here", pathname: "/map", href: "http://here/map" });
});
afterAll(() => vi.unstubAllGlobals());

const kind = (name: string, more: Partial<KindInfo> = {}): KindInfo => ({ name, label: `类${name}`, group: "built", form: "solid", color: "#ffffff", symbol: name, type_symbols: {}, type_enum: null, attributes: [], ...more });

async function rendered(component: Component, props: Record<string, unknown> = {}): Promise<string> {
  const store = new FeatureStore();
  store.setKinds({
    kinds: [
      kind("structure", { type_enum: "structure_type", type_symbols: { tank: "structure-tank" }, attributes: [{ name: "structure_type", label: "构筑物类型", unit: null, type: "enum", enum: "structure_type" }] }),
      kind("process_node", { symbol: "process-node", form: "none" }),
    ],
    groups: [{ name: "built", label: "建构筑物" }],
    enums: { structure_type: { tank: "储罐" } },
  });
  const api = new Api(() => Promise.reject(new Error("nobody is asked")));
  const theme = new ThemeSwitch({ root: { dataset: {} }, prefersLight: prefers, memory: null, hash: "" });
  const app = createSSRApp({ render: () => h(component, props) }).provide(CONTEXT, { api, store, session: new Session(api, store), theme });
  const complaints: string[] = [];
  app.config.warnHandler = (text) => complaints.push(text);
  const text = await renderToString(app);
  expect(complaints).toEqual([]);
  expect(text).not.toContain("undefined");
  return text;
}

test("the page stands before anything has been read", async () => {
  const text = await rendered(MapPage);
  expect(text).toContain("正在查看 2026-03-01 08:00 的状态");
  expect(text).toContain("类structure：只显示 … 个");
});

test("the layer tree is the registry's, with the symbols of the styles", async () => {
  const text = await rendered(LayersPanel);
  expect(text).toContain("/svg/wall-dark/structure.svg");
  expect(text).not.toContain("process-node");
});

test.each([
  [MapTools, { listOpen: true, aside: "filter", filtering: true, past: true }, "筛选要素"],
  [FilterPanel, { only: null, at: null }, "条件"],
  [TimePanel, { at: "2026-03-01T00:00:00.000Z" }, "2026-03-01 08:00"],
  [MarksPanel, {}, "还没有书签"],
  [PrintPanel, { at: null, make: () => undefined }, "A4 横向"],
])("a panel shows what it is for", async (component, props, said) => expect(await rendered(component as Component, props)).toContain(said));

test("what is around is counted and listed by kind", async () => {
  const sketch = { mode: "circle", points: [[107.5, 31.2]], radius_m: 500, done: true };
  const features = [{ feature_id: "a", name: "甲醇储罐", code: "T-101", alarm_level: 1, lon: 107.5, lat: 31.2 }];
  const text = await rendered(MeasurePanel, {
    sketch, measures: { length_m: null, area_m2: 785_398, around_m: 3141.6 }, answers: [{ kind: "structure", cql: "S_INTERSECTS(geom, POINT(107.5 31.2))", matched: 31, features }], at: null, asking: false, problem: "", centred: false,
  });
  for (const said of ["78.54 公顷", "3.14 km", "范围内共 31 个要素", "甲醇储罐", "另有 30 个"]) expect(text).toContain(said);
});
