import { createExpression, type StyleSpecification } from "@maplibre/maplibre-gl-style-spec";
import { expect, test } from "vitest";
import type { Enterprise } from "../../src/core/types";
import { themes } from "../../src/generated/tokens";
import { badgeLayer, badgeName, BADGES_TO, byRank, PLACES, placesOf, readBadge } from "../../src/map/places";
import { dressed, SOURCE, type Wear } from "../../src/map/style";

const plant = (feature_id: string, alarm_level: number | null) => ({ feature_id, alarm_level, glyph: "钢", name: feature_id, lon: 107.5, lat: 31.2 }) as Enterprise;
const rows = [plant("a", null), plant("b", 3), plant("c", 1)];

test("who is selected, then who has the worst alarm keeps its place; the worst lies on top", () => {
  expect(byRank(rows, null).map((row) => row.feature_id)).toEqual(["c", "b", "a"]);
  expect(byRank(rows, "a").map((row) => row.feature_id)).toEqual(["a", "c", "b"]);

  const layer = badgeLayer() as { layout: Record<string, unknown> };
  const compiled = createExpression(layer.layout["symbol-sort-key"], "layers[0].layout.symbol-sort-key");
  if (compiled.result === "error") throw new Error(String(compiled.value));
  const keyOf = (properties: object) => compiled.value.evaluate({ zoom: 9 }, { type: "Point", properties } as never) as number;
  const [calm, mild, worst] = placesOf(rows, [], "light", 9).features.map((feature) => keyOf(feature.properties!));
  expect(calm).toBeLessThan(mild!);
  expect(mild).toBeLessThan(worst!);
});

test("a badge's name says what its picture shows", () => {
  expect(readBadge(badgeName("light", rows[1]!))).toEqual({ glyph: "钢", level: 3 });
  expect(readBadge(badgeName("dark", rows[0]!))).toEqual({ glyph: "钢", level: null });
  expect(readBadge("outlet-water.alarm")).toBeNull();
});

const style: StyleSpecification = {
  version: 8,
  sources: { [SOURCE]: { type: "vector", tiles: ["x"] } },
  layers: [
    { id: "ground", type: "background" },
    { id: "county.name", type: "symbol", source: SOURCE, "source-layer": "county" },
    { id: "county.symbol", type: "symbol", source: SOURCE, "source-layer": "county" },
    { id: "enterprise.name", type: "symbol", source: SOURCE, "source-layer": "enterprise" },
    { id: "enterprise.symbol", type: "symbol", source: SOURCE, "source-layer": "enterprise" },
  ],
};
const basemap = { name: "air", label: "", attribution: "", url: "/imagery/air/{z}/{x}/{y}?v=1", bounds: [107, 31, 108, 32] as [number, number, number, number], max_zoom: 16 };
const wear: Wear = { base: "http://here", at: null, only: null, hidden: new Set(), shown: null, selected: null, palette: themes.light, theme: "light", basemap, badges: true };
const ids = (given: Partial<Wear>) => dressed(style, { ...wear, ...given }).layers.map((layer) => layer.id);

test("a picture of the land lies under all, badges over all, names of counties over those of plants", () => {
  expect(ids({}).slice(0, 7)).toEqual(["around", "base", "county.symbol", "enterprise.name", "enterprise.symbol", "county.name", "enterprise.badge"]);
  expect(dressed(style, wear).sources["base"]).toMatchObject({ tiles: ["http://here/imagery/air/{z}/{x}/{y}?v=1"], maxzoom: 16 });
  const symbol = dressed(style, wear).layers.find((layer) => layer.id === "enterprise.symbol");
  expect(symbol).toMatchObject({ minzoom: BADGES_TO });
  expect(ids({ basemap: null }).slice(0, 2)).toEqual(["around", "land"]);
});

test("the past, a filter of enterprises and paper have the symbols of the norm", () => {
  for (const given of [{ at: "2026-03-01T00:00:00Z" }, { only: { kind: "enterprise", cql: "name = 'a'" } }, { badges: false, basemap: null }]) {
    expect(ids(given)).not.toContain("enterprise.badge");
    expect(Object.keys(dressed(style, { ...wear, ...given }).sources)).not.toContain(PLACES);
  }
  expect(ids({ badges: false, basemap: null })[0]).toBe("ground");
  expect(ids({ hidden: new Set(["enterprise"]) })).not.toContain("enterprise.badge");
});
