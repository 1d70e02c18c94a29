import { expect, test } from "vitest";
import { onMap, pollutantsOf, waysOf, type Process } from "../../src/core/process";
import { feature, OUTLET, TANK } from "./samples";

const node = (code: string, unit_codes: string[] = []) => ({
  code, name: code, type: "step", type_label: "工序", unit_codes, pollutants: [], note: "", amount: "", upgrade: null, upgrade_label: "", upgraded_on: "", feature_id: null,
  box: [0, 0, 1, 1] as [number, number, number, number],
});
const arising = (code: string, pollutants: string[], step: string, treatment: string, end: string) => ({
  source: { code, pollutants }, steps: [{ code: step }], treatments: [{ code: treatment }], ends: [{ code: end }],
});
const PROCESS: Process = {
  width: 10,
  height: 10,
  nodes: [node("P01", ["MF0001", "MF0002"]), node("DA001", ["DA001"]), node("M1")],
  streams: [],
  arisings: [arising("G1", ["颗粒物", "二氧化硫"], "P01", "TA001", "DA001"), arising("G2", ["颗粒物"], "P02", "TA002", "DA002"), arising("S1", ["钢渣"], "P02", "", "X1")],
};

test("what is emitted by most steps is offered first, and no solid waste", () => {
  expect(pollutantsOf(PROCESS)).toEqual(["颗粒物", "二氧化硫"]);
});

test("the ways of a pollutant run from the step to the outlet", () => {
  expect([...waysOf(PROCESS, "二氧化硫")].sort()).toEqual(["DA001", "G1", "P01", "TA001"]);
  expect(waysOf(PROCESS, "汞").size).toBe(0);
});

test("a node finds the features of its codes", () => {
  const found = onMap(PROCESS, [feature(OUTLET, { code: "DA001" }), feature(TANK, { code: "MF0002" })]);
  expect(found.get("DA001")!.map((one) => one.feature_id)).toEqual([OUTLET]);
  expect(found.get("P01")!.map((one) => one.feature_id)).toEqual([TANK]);
  expect(found.get("M1")).toEqual([]);
});
