import { expect, test } from "vitest";
import { roman, t } from "../../src/core/i18n";
import { zhCN } from "../../src/core/zh-cn";

test("parameters are filled in, unknown ones stay visible", () => {
  expect(t("top.enterprises", { count: 3 })).toBe("3 家企业");
  expect(t("top.enterprises")).toBe("{count} 家企业");
});

test("every text says something", () => {
  for (const text of Object.values(zhCN)) expect(text.trim()).not.toBe("");
});

test("levels are written as in the plans", () => {
  expect([1, 2, 3, 4, null].map(roman)).toEqual(["Ⅰ", "Ⅱ", "Ⅲ", "Ⅳ", ""]);
});
