import { expect, test } from "vitest";
import { choices, EVERYTHING, isEverything, matches } from "../../src/core/filter";
import { FeatureStore } from "../../src/core/store";
import { enterprise, OUTLET, PLANT } from "./samples";

const STEEL = enterprise({ name: "达州顺发钢铁有限公司（示范）", initials: "dzsfgtyxgssf", industry: "炼钢", county: "511703", county_name: "达川区", alarm_level: 1 });
const FARM = enterprise({ feature_id: OUTLET, name: "渠县安泰农牧有限公司（示范）", initials: "qxatnmyxgssf", industry: "猪的饲养", county: "511725", county_name: "渠县" });

test.each([
  [{ text: "钢铁" }, true, false],
  [{ text: "DZSF" }, true, false],
  [{ text: "nm" }, false, true],
  [{ county: "511725" }, false, true],
  [{ industry: "炼钢" }, true, false],
  [{ level: 1 }, true, false],
  [{ level: 0 }, false, true],
  [{ text: "安泰", county: "511703" }, false, false],
  [{ text: "  " }, true, true],
])("%j", (part, steel, farm) => {
  const filter = { ...EVERYTHING, ...part };
  expect([matches(STEEL, filter), matches(FARM, filter)]).toEqual([steel, farm]);
});

test("choices count what the other conditions leave", () => {
  const rows = choices([STEEL, FARM], { ...EVERYTHING, level: 1, county: "511725" }, "county", (row) => ({ value: row.county ?? "", label: row.county_name ?? "" }));
  expect(rows).toEqual([
    { value: "511703", label: "达川区", count: 1 },
    { value: "511725", label: "渠县", count: 0 },
  ]);
});

test("the store shows what the filter lets through, and always what is chosen", () => {
  const store = new FeatureStore();
  store.setEnterprises([STEEL, FARM]);
  expect(isEverything(store.filter)).toBe(true);
  store.setFilter({ ...EVERYTHING, county: "511703" });
  expect([store.shows(PLANT), store.shows(OUTLET)]).toEqual([true, false]);
  store.choose(OUTLET);
  expect(store.shows(OUTLET)).toBe(true);
});
