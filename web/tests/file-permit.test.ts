import { describe, expect, it } from "vitest";
import { assembled, Form, meant, wrong, type Proposal, type Schema } from "../src/file/permit";

const schema: Schema = {
  properties: {
    permit_no: { type: "string", description: "排污许可证编号（HJ 608-2017，5.2）" },
    valid_from: { type: "string", format: "date", description: "有效期起" },
    outlets: { anyOf: [{ type: "array", items: { $ref: "#/$defs/Outlet" } }, { type: "null" }], description: "排放口；没有这一项表示证上未抄录" },
  },
  $defs: {
    Limit: { properties: { value: { type: "number" }, unit: { type: "string" }, text: { type: "string" }, standard: { type: "string" } } },
    Outlet: {
      required: ["code"],
      properties: {
        code: { type: "string", description: "排放口编号：DA001" },
        medium: { anyOf: [{ type: "string", enum: ["air", "water"] }, { type: "null" }], description: "air 废气，water 废水" },
        limit: { anyOf: [{ $ref: "#/$defs/Limit" }, { type: "null" }], description: "许可排放浓度限值" },
      },
    },
  },
};
const place = { page: 2, box: [1, 2, 3, 4] as [number, number, number, number] };
const proposal: Proposal = {
  source: { file: "副本.pdf", form: "scan", pages: 3 },
  permit: { permit_no: "X", outlets: [{ code: "DA001", medium: "air", limit: { value: 20, unit: "mg/m³", standard: "GB 4915" } }, { code: "DA002" }] },
  findings: [],
  values: [
    { path: "permit_no", value: "X", text: "X", confidence: 1, ...place },
    { path: "outlets[1].code", value: "DA001", text: "DA001", confidence: 0.9, ...place },
    { path: "outlets[1].medium", value: "air", text: "DA001", confidence: 1, ...place },
    { path: "outlets[1].limit", value: {}, text: "20mg/Nm3", confidence: 1, ...place },
    { path: "outlets[2].code", value: "DA002", text: "DA002", confidence: 1, ...place },
  ],
  left: [],
};

describe("a permit as it was read", () => {
  const form = new Form(schema);
  const entries = form.entries(proposal);
  const said = Object.fromEntries(entries.map((entry) => [entry.path, entry.read]));

  it("asks first for what is missing or unsure", () => {
    const first = entries.filter((entry) => entry.doubtful).map((entry) => entry.path);
    expect(first).toEqual(["valid_from", "valid_to", "holder", "credit_code", "outlets[1].code"]);
    expect(wrong(entries.find((entry) => entry.path === "valid_from")!, "去年")).toContain("日期");
  });

  it("names fields and words in Chinese", () => {
    expect(["permit_no", "outlets", "outlets[1].medium", "outlets[1].limit"].map((path) => form.label(path))).toEqual(["排污许可证编号", "排放口", "介质", "许可排放浓度限值"]);
    expect(form.choices("outlets[1].medium")).toEqual([{ code: "air", label: "废气" }, { code: "water", label: "废水" }]);
  });

  it("is put together as corrected, without the rows that were removed", () => {
    const corrected = { ...said, "outlets[1].limit": "15 mg/m³" };
    const whole = assembled(entries, corrected, new Set(["outlets[2]"]), form, proposal.permit);
    expect(whole).toEqual({ permit_no: "X", outlets: [{ code: "DA001", medium: "air", limit: { value: 15, unit: "mg/m³", standard: "GB 4915" } }] });
    expect([meant("limit", "6-9"), meant("limit", "1级"), meant("figures", "100、—")]).toEqual([{ text: "6-9" }, { text: "1级" }, [100, null]]);
  });
});
