import { expect, test } from "vitest";
import { fits, required, Rules, UNDECIDED } from "../../src/drafting/rules";
import type { Group, Kind } from "../../src/drafting/types";

const group = (given: Partial<Group>): Group => ({
  id: 0, layer: "房屋", type: "LWPOLYLINE", block: null, closed: true, color: "#ffffff", count: 3, stored: 0, ignored: 0, refused: 3, texts: [], kind: null, ignore: null,
  ...given,
});

const kind = (given: Partial<Kind>): Kind => ({ name: "building", label: "建筑物", group: "built", form: "solid", color: "#fff", symbol: null, type_symbols: {}, type_enum: null, geometry: "Polygon", attributes: [], ...given });

test("a group gets a rule of its own, before the others", () => {
  const rules = Rules.of("mapping: 1\nrules:\n- when: {layer: '*'}\n  ignore: 底图\n")!;
  expect(rules.choice(group({}))).toBeNull();
  rules.choose(group({}), { ...UNDECIDED, kind: "building", height: 6 });
  expect(rules.choice(group({}))).toEqual({ ...UNDECIDED, kind: "building", height: 6 });
  expect(rules.choice(group({ closed: false }))).toBeNull();
  expect(Rules.of(rules.text)!.choice(group({}))).toEqual({ ...UNDECIDED, kind: "building", height: 6 });
  expect(rules.text.indexOf("房屋")).toBeLessThan(rules.text.indexOf("底图"));
});

test("a change of mind changes that rule, and nothing else in the file", () => {
  const text = "# mine\nmapping: 1\nunit: mm\nrules:\n# houses\n- when: {layer: 房屋, type: LWPOLYLINE, closed: true}\n  kind: building\n  height: '{label:1}'\n  code: '{text}'\n";
  const rules = Rules.of(text)!;
  rules.choose(group({}), { ...rules.choice(group({}))!, name: "{layer}" });
  expect(rules.text).toContain("# mine");
  expect(rules.text).toContain("# houses");
  expect(rules.text).toContain("unit: mm");
  expect(rules.text).toContain("code: '{text}'");
  expect(rules.text).toContain("height: '{label:1}'");
  rules.choose(group({}), { ...UNDECIDED, ignore: "底图" });
  expect(rules.text).not.toContain("kind:");
  expect(rules.text).not.toContain("height:");
  expect(rules.choice(group({}))).toEqual({ ...UNDECIDED, ignore: "底图" });
  rules.choose(group({}), UNDECIDED);
  expect(rules.choice(group({}))).toEqual(UNDECIDED);
});

test("block and closedness are part of the question", () => {
  const rules = Rules.of("")!;
  const block = group({ type: "INSERT", block: "井盖", closed: null });
  rules.choose(block, { ...UNDECIDED, kind: "manhole", attributes: { medium: "rain" } });
  expect(rules.choice(block)).toEqual({ ...UNDECIDED, kind: "manhole", attributes: { medium: "rain" } });
  expect(rules.choice({ ...block, block: "树" })).toBeNull();
  expect(rules.text).toContain("block: 井盖");
  expect(rules.text).not.toContain("closed");
});

test("what is no mapping file is told", () => {
  expect(Rules.of("a: [")).toBeNull();
  expect(Rules.of("- 1")).toBeNull();
  expect(Rules.of("mapping: 1\n")!.choice(group({}))).toBeNull();
});

test("required attributes come with a first value", () => {
  const tank = kind({ attributes: [{ name: "structure_type", label: "", unit: null, type: "enum", enum: "types", required: true }, { name: "medium", label: "", unit: null, type: "text", enum: null, required: false }] });
  expect(required(tank, { types: { tank: "储罐", pond: "池" } })).toEqual({ structure_type: "tank" });
});

test("points do not become areas", () => {
  expect(fits(group({ type: "INSERT" }), kind({ geometry: "Polygon" }))).toBe(false);
  expect(fits(group({ type: "INSERT" }), kind({ geometry: "Point" }))).toBe(true);
  expect(fits(group({ type: "LINE", closed: false }), kind({ geometry: "Polygon" }))).toBe(true);
  expect(fits(group({ type: "LINE" }), kind({ geometry: "Point" }))).toBe(false);
});
