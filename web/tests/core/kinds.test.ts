import { expect, test } from "vitest";
import { legendOf, listed, toneOf } from "../../src/core/kinds";
import type { Form, KindInfo } from "../../src/core/types";
import { feature } from "./samples";

const info = (name: string, label: string, form: Form, type_enum: string | null = null): KindInfo => ({ name, label, group: "built", form, type_enum, color: "#000000", symbol: null, type_symbols: {}, attributes: [] });
const KINDS = new Map(
  [
    info("enterprise", "企业", "none"),
    info("building", "建筑物", "solid"),
    info("outlet", "排放口", "marker", "outlet_medium"),
    info("pipe", "管线", "pipe", "pipe_medium"),
    info("road", "道路", "line", "road_type"),
    info("elevation_point", "高程点", "marker"),
    info("green", "绿地", "surface"),
  ].map((kind) => [kind.name, kind]),
);
const ENUMS = { outlet_medium: { air: "废气", water: "废水", rain: "雨水" }, pipe_medium: { sewage: "污水", rain: "雨水" }, road_type: { kerb: "路缘石" } };
const COLOURS = { building: "#1", outlet: "#2", "outlet.air": "#3", "outlet.water": "#4", pipe: "#5", "pipe.rain": "#6", road: "#7" };

test("a legend shows what is there, grouped by how it is shown", () => {
  const groups = legendOf(
    [
      feature("1", { kind: "pipe", type: "rain" }),
      feature("2", { kind: "pipe", type: "sewage" }),
      feature("3", { kind: "road", type: "kerb" }),
      feature("4", { kind: "building", type: null }),
      feature("5", { kind: "outlet", type: "water" }),
      feature("6", { kind: "outlet", type: "water" }),
      feature("7", { kind: "outlet", type: "air" }),
      feature("8", { kind: "enterprise", type: null }),
    ],
    KINDS,
    ENUMS,
    COLOURS,
  );
  expect(groups.map((group) => [group.name, group.rows.map((row) => row.label)])).toEqual([
    ["solid", ["建筑物"]],
    ["course", ["管线", "道路"]],
    ["marker", ["排放口"]],
  ]);
  expect(groups[2]?.rows[0]?.swatches.map((swatch) => swatch.label)).toEqual(["废气", "废水"]);
  // A type without a colour of its own is the kind's.
  expect(groups[1]?.rows[0]?.swatches).toEqual([
    { label: "雨水", tone: "var(--scene-pipe-rain, var(--scene-pipe))" },
    { label: null, tone: "var(--scene-pipe)" },
  ]);
  expect(groups[1]?.rows[1]?.swatches).toEqual([{ label: null, tone: "var(--scene-road)" }]);
});

test("a legend of nothing is empty", () => {
  expect(legendOf([], KINDS, ENUMS, COLOURS)).toEqual([]);
});

test("lists begin with what inspectors look for and go on as the registry does", () => {
  expect(listed(["elevation_point", "green", "building", "new_kind", "pipe", "outlet"], KINDS)).toEqual(["outlet", "building", "pipe", "elevation_point", "green", "new_kind"]);
});

test("a tone falls back on that of the kind", () => {
  expect(toneOf("pipe", "rain")).toBe("var(--scene-pipe-rain, var(--scene-pipe))");
  expect(toneOf("building", null)).toBe("var(--scene-building)");
});
