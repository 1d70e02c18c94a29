import { expect, test } from "vitest";
import { layersOf, switched } from "../../src/core/layers";
import type { Form, KindInfo } from "../../src/core/types";

const info = (name: string, group: string, form: Form): KindInfo => ({ name, label: name, group, form, type_enum: null, color: "#000000", symbol: null, type_symbols: {}, attributes: [] });
const KINDS = new Map(
  [info("enterprise", "enterprise", "none"), info("process_node", "production", "none"), info("pipe", "network", "pipe"), info("manhole", "network", "marker")].map((row) => [row.name, row]),
);
const GROUPS = [
  { name: "network", label: "管线" },
  { name: "enterprise", label: "企业" },
  { name: "production", label: "生产与治理" },
];

test("groups stand in the registry's order, without what a scene cannot show", () => {
  const groups = layersOf(KINDS, GROUPS, new Map([["pipe", 7]]), new Set());
  expect(groups.map((group) => group.name)).toEqual(["network", "enterprise"]);
  expect(groups[0]!.rows.map((row) => [row.name, row.count, row.shown])).toEqual([
    ["pipe", 7, true],
    ["manhole", 0, true],
  ]);
});

test.each([
  [[], "all"],
  [["pipe"], "some"],
  [["pipe", "manhole"], "none"],
])("with %j hidden %s of a group are shown", (hidden, shown) => {
  expect(layersOf(KINDS, GROUPS, new Map(), new Set(hidden))[0]!.shown).toBe(shown);
});

test("switching leaves the former set as it was", () => {
  const before = new Set(["road"]);
  expect(switched(before, ["pipe"], false)).toEqual(new Set(["road", "pipe"]));
  expect(switched(before, ["road", "pipe"], true)).toEqual(new Set());
  expect(before).toEqual(new Set(["road"]));
});
