import { expect, test } from "vitest";
import * as picture from "../../src/drafting/picture";
import { planeOf } from "../../src/drafting/plane";
import { UNDECIDED } from "../../src/drafting/rules";
import type { Group, Kind, Mark, Preview } from "../../src/drafting/types";

const group: Group = { id: 1, layer: "房屋", type: "LWPOLYLINE", block: null, closed: true, color: "#ffffff", count: 1, stored: 0, ignored: 0, refused: 1, texts: [], kind: null, ignore: null };
const preview: Preview = {
  report: { counts: { entities: 2, stored: 0, ignored: 0, refused: 2 }, features: {}, ignored_by: {}, issues: [] },
  frame: { known: false, method: "none", note: {} },
  groups: [group, { ...group, id: 2, type: "TEXT", closed: null }],
  sketch: {
    bounds: [0, 0, 10, 10],
    entities: [
      { g: 1, h: "A", s: "refused", p: [[0, 0], [10, 0], [10, 10], [0, 0]], t: null },
      { g: 2, h: "B", s: "refused", p: [[5, 5]], t: "车间" },
      { g: 2, h: "C", s: "refused", p: [], t: null },
    ],
    grid: null,
  },
  features: { type: "FeatureCollection", features: [] },
  marks: [],
  mapping: "",
};
const kinds = new Map<string, Kind>([["building", { name: "building", label: "建筑物", group: "built", form: "solid", color: "#d9dee2", symbol: null, type_symbols: {}, type_enum: null, geometry: "Polygon", attributes: [] }]]);
const plane = planeOf(preview)!;

test("what was refused is refused, until something is chosen", () => {
  const [outline, text] = picture.sketch(preview, plane, kinds, () => UNDECIDED, "#888888").features;
  expect(outline!.geometry.type).toBe("LineString");
  expect(outline!.properties).toMatchObject({ s: "refused", color: "#888888", h: "A" });
  expect(text!.geometry.type).toBe("Point");
  expect(text!.properties.text).toBe("车间");
});

test("a choice shows at once, in the colour of its kind, outlines filled", () => {
  const choose = (one: Group) => (one.id === 1 ? { ...UNDECIDED, kind: "building" } : { ...UNDECIDED, ignore: "注记文字" });
  const [outline, text] = picture.sketch(preview, plane, kinds, choose, "#888888").features;
  expect(outline!.geometry.type).toBe("Polygon");
  expect(outline!.properties).toMatchObject({ s: "stored", color: "#d9dee2", area: true });
  expect(text!.properties.s).toBe("ignored");
});

test("marks of one place are one, and the worst of them shows", () => {
  const mark = (severity: Mark["severity"], xy: Mark["xy"]): Mark => ({ code: "", severity, message: "", hint: "", handle: null, layer: null, xy, lonlat: null });
  const shown = picture.marks([mark("warning", [1, 1]), mark("error", [1, 1]), mark("error", null), mark("warning", [2, 2])], plane).features;
  expect(shown.map((feature) => feature.properties)).toEqual([
    { i: 1, severity: "error", n: 2 },
    { i: 3, severity: "warning", n: 1 },
  ]);
});

test("the nearest vertex", () => {
  expect(picture.nearest(preview.sketch.entities, [9, 1])).toEqual({ xy: [10, 0], distance: Math.SQRT2 });
  expect(picture.nearest([], [0, 0])).toBeNull();
});

test("each feature is named once, in its middle", () => {
  const shape = (name: string, geometry: object) => ({ type: "Feature" as const, properties: { name }, geometry: geometry as never });
  const shapes = [
    shape("房", { type: "Polygon", coordinates: [[[0, 0], [4, 0], [4, 2], [0, 2], [0, 0]]] }),
    shape("路", { type: "LineString", coordinates: [[0, 0], [1, 1], [2, 2]] }),
    shape("", { type: "Point", coordinates: [9, 9] }),
  ];
  const points = picture.names({ type: "FeatureCollection", features: shapes }).features;
  expect(points.map((point) => [point.properties?.name, point.geometry])).toEqual([
    ["房", { type: "Point", coordinates: [2, 1] }],
    ["路", { type: "Point", coordinates: [1, 1] }],
  ]);
});
