import { expect, test } from "vitest";
import type { StyleSpecification } from "maplibre-gl";
import { themes } from "../../src/generated/tokens";
import { combined, inside, written, type ValueType } from "../../src/map/cql";
import { area, circle, distance, length, metres, squareMetres, type LonLat } from "../../src/map/geodesy";
import { scaleBar } from "../../src/map/paper";
import { drawnOf, measuresOf, ringOf } from "../../src/map/sketch";
import { readState, writeState } from "../../src/map/state";
import { dressed, ONLY, SOURCE, tilesOf, type Wear } from "../../src/map/style";
import { covering } from "../../src/map/tiles";
import { cameraOf, metresAPixel, viewOf } from "../../src/map/view";

test("lengths and areas are of the ellipsoid", () => {
  // Karney 2013, table 1 is for the inverse problem; here a degree of the meridian and of the equator of WGS 84.
  expect(distance([0, 0], [1, 0])).toBeCloseTo(111_319.491, 3);
  expect(distance([0, 0], [0, 1])).toBeCloseTo(110_574.389, 3);
  expect(length([[0, 0], [1, 0], [1, 1]])).toBeCloseTo(111_319.491 + 110_574.389, 2);
  const ring: LonLat[] = [[0, 0], [1, 0], [1, 1], [0, 1]];
  expect(area(ring).area_m2 / 1e6).toBeCloseTo(12_308.778, 2);
  expect(area([...ring].reverse()).area_m2).toBeCloseTo(area(ring).area_m2, 3);
});

test("a circle is as far from its middle all around", () => {
  const middle: LonLat = [107.5, 31.2];
  const ring = circle(middle, 3000);
  expect(ring[0]).toEqual(ring.at(-1));
  for (const point of ring) expect(distance(middle, point)).toBeCloseTo(3000, 5);
});

test.each([[836.4, "836 m"], [12.34, "12.3 m"], [1236, "1.24 km"], [12_360, "12.4 km"]])("%d m is written %s", (value, text) => expect(metres(value)).toBe(text));
test.each([[836.4, "836 m²"], [12_360, "1.24 公顷"], [3_120_000, "3.12 km²"]])("%d m² is written %s", (value, text) => expect(squareMetres(value)).toBe(text));

const types: Record<string, ValueType> = { name: "text", height_m: "number", buried: "boolean", permit_to: "date" };
test.each([
  [{ property: "name", operator: "=", value: "O'Neil" }, "name = 'O''Neil'"],
  [{ property: "name", operator: "contains", value: "50%_a" }, "CASEI(name) LIKE CASEI('%50\\%\\_a%')"],
  [{ property: "height_m", operator: ">=", value: " 12.50 " }, "height_m >= 12.5"],
  [{ property: "height_m", operator: "=", value: "12 m" }, null],
  [{ property: "buried", operator: "=", value: "true" }, "buried = TRUE"],
  [{ property: "permit_to", operator: "<", value: "2027-01-01" }, "permit_to < DATE('2027-01-01')"],
  [{ property: "name", operator: "null", value: "" }, "name IS NULL"],
] as const)("%o is written %s", (condition, text) => expect(written(condition, types[condition.property]!)).toBe(text));

test("conditions without a value yet are left out", () => {
  const conditions = [{ property: "name", operator: "contains", value: " " }, { property: "height_m", operator: ">", value: "1" }, { property: "name", operator: "given", value: "" }] as const;
  expect(combined(conditions, true, (name) => types[name]!)).toBe("height_m > 1 AND name IS NOT NULL");
  expect(combined(conditions, false, (name) => types[name]!)).toBe("height_m > 1 OR name IS NOT NULL");
  expect(inside([[107, 31], [108, 31], [108, 32], [107, 31]])).toMatch(/^S_INTERSECTS\(geom, POLYGON\(\(107\.0000000 31/);
});

test("the panorama and the map show the same place as large", () => {
  const view = { lon: 107.5, lat: 31.2, zoom: 16.3 };
  const back = viewOf(cameraOf(view, 900), 900);
  expect(back.lon).toBeCloseTo(view.lon, 6);
  expect(back.lat).toBeCloseTo(view.lat, 4);
  expect(back.zoom).toBeCloseTo(view.zoom, 2);
  expect(metresAPixel({ lat: 0, zoom: 0 })).toBeCloseTo(78_271.5, 1);
});

test("the fragment keeps an instant and a filter, and ignores what is none", () => {
  const state = { at: "2026-03-01T00:00:00.000Z", only: { kind: "building", cql: "height_m > 10 AND name = 'a&b+c'" } };
  expect(readState(`#@1,2,3,4,5&${writeState(state)}`)).toEqual(state);
  expect(writeState({ at: null, only: null })).toBe("");
  expect(readState("#at=yesterday&of=DROP TABLE&cql=x")).toEqual({ at: null, only: null });
});

test("a box is seen in the tiles whose margin it touches", () => {
  expect(covering([-0.001, -0.001, 0.001, 0.001], 1, 10)).toHaveLength(4);
  expect(covering([10, 10, 11, 11], 1, 10)).toEqual([{ z: 1, x: 1, y: 0 }]);
  expect(covering([-180, -80, 180, 80], 16, 1000)).toBeNull();
});

test("what is drawn is measured with its pointer until it is done", () => {
  const sketch = { mode: "area", points: [[0, 0], [1, 0]] as LonLat[], radius_m: 0, done: false } as const;
  expect(ringOf(sketch)).toBeNull();
  expect(measuresOf(sketch, [1, 1]).area_m2).toBeGreaterThan(6e9);
  expect(measuresOf({ ...sketch, done: true }, [1, 1]).area_m2).toBeNull();
  expect(drawnOf(sketch, [1, 1]).features.map((feature) => feature.geometry.type)).toEqual(["Polygon", "Point", "Point"]);
  expect(drawnOf(null, null).features).toEqual([]);
});

test.each([[10, 500, 50], [0.9, 50, 55.6], [170, 10_000, 58.8]])("at %d m a millimetre the bar is of %d m", (scale, long, wide) => {
  expect(scaleBar(scale).metres).toBe(long);
  expect(scaleBar(scale).width_mm).toBeCloseTo(wide, 1);
});

const style: StyleSpecification = {
  version: 8,
  sources: { [SOURCE]: { type: "vector", tiles: ["x"] } },
  layers: [
    { id: "ground", type: "background" },
    { id: "building.ground", type: "fill", source: SOURCE, "source-layer": "building" },
    { id: "building.name", type: "symbol", source: SOURCE, "source-layer": "building" },
    { id: "enterprise.symbol", type: "symbol", source: SOURCE, "source-layer": "enterprise", filter: ["has", "code"] },
  ],
};
const wear: Wear = { base: "http://here", at: null, only: null, hidden: new Set(), shown: null, selected: null, palette: themes.dark, theme: "dark", basemap: null, badges: false };

test("the style hides layers, names and enterprises, and takes one kind from filtered tiles", () => {
  const only = { kind: "building", cql: "height_m > 1" };
  const made = dressed(style, { ...wear, at: "2026-03-01T00:00:00.000Z", only, hidden: new Set(["names"]), shown: ["a"] });
  const layer = (id: string) => made.layers.find((one) => one.id === id) as unknown as { source: string; layout: { visibility: string }; filter: unknown };
  expect(layer("building.ground")).toMatchObject({ source: ONLY, layout: { visibility: "visible" } });
  expect(layer("building.name").layout.visibility).toBe("none");
  expect(layer("enterprise.symbol").filter).toEqual(["all", ["has", "code"], ["in", ["get", "feature_id"], ["literal", ["a"]]]]);
  expect(tilesOf({ ...wear, at: "2026-03-01T00:00:00Z", only }, ONLY)).toBe("http://here/tiles/{z}/{x}/{y}.mvt?as-of=2026-03-01T00%3A00%3A00Z&collections=building&filter=height_m%20%3E%201");
  expect(Object.keys(dressed(style, wear).sources)).not.toContain(ONLY);
  expect(style.layers[3]).not.toHaveProperty("layout");
});
