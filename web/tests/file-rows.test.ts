import { describe, expect, it } from "vitest";
import { fault, isCas, shown, type Field, type Row } from "../src/file/rows";

const field = (type: Field["type"], more: Partial<Field> = {}): Field => ({
  name: "x", label: "x", type, required: false, unit: null, most: null, hint: "", wide: false, choices: [], ...more,
});

describe("a row of the file", () => {
  it("knows a CAS number by its check digit", () => {
    expect(["7664-41-7", "1336-21-6", " 64-17-5 "].every(isCas)).toBe(true);
    expect(["7664-41-8", "7664417", "氨", ""].some(isCas)).toBe(false);
  });

  it("complains of a field in Chinese, of an empty one only where it is required", () => {
    expect(fault(field("number"), "")).toBeNull();
    expect(fault(field("text", { required: true }), " ")).toBe("必填");
    expect(fault(field("number"), "-3")).toContain("不小于 0");
    expect(fault(field("number"), "3,200.5")).toBeNull();
    expect(fault(field("year"), "25")).toContain("年份");
    expect(fault(field("cas"), "1-2-3")).toContain("校验码");
    expect(fault(field("text", { most: 2 }), "三个字")).toBe("不能超过 2 字");
  });

  it("shows labels of codes", () => {
    const row = { x: "raw" } as unknown as Row;
    expect(shown(field("enum", { choices: [{ code: "raw", label: "原料" }] }), row)).toBe("原料");
  });
});
