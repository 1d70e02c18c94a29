/** Rows of the file as people enter them: what a field may say, before the server is asked. */
import { t } from "./text";

export interface Field {
  name: string;
  label: string;
  type: "text" | "number" | "year" | "date" | "cas" | "enum";
  required: boolean;
  unit: string | null;
  most: number | null;
  hint: string;
  wide: boolean;
  choices: { code: string; label: string }[];
}

export type Row = { record_id: string; recorded_at: string; author: string; reason: string } & Record<string, string | number | null>;

export interface Part {
  name: string;
  label: string;
  fields: Field[];
  rows: Row[];
}

export interface EnterpriseFile {
  enterprise: { feature_id: string; name: string };
  parts: Part[];
}

/** Whether the last digit of a CAS number is the one that follows from the others. */
export function isCas(text: string): boolean {
  const found = /^(\d{2,7})-(\d{2})-(\d)$/.exec(text.trim());
  if (!found) return false;
  const digits = [...(found[1]! + found[2]!)].reverse();
  return digits.reduce((sum, digit, at) => sum + Number(digit) * (at + 1), 0) % 10 === Number(found[3]);
}

const isAmount = (text: string) => /^\d+(\.\d+)?([eE][-+]?\d+)?$/.test(text.replaceAll(",", ""));

/** What is wrong with what stands in a field; null where nothing is. */
export function fault(field: Field, said: string): string | null {
  const text = said.trim();
  if (!text) return field.required ? t("form.required") : null;
  if (field.type === "number" && !isAmount(text)) return t("form.number");
  if (field.type === "year" && !/^(19|20)\d{2}$/.test(text)) return t("form.year");
  if (field.type === "date" && Number.isNaN(Date.parse(text))) return t("form.date");
  if (field.type === "cas" && !isCas(text)) return t("form.cas");
  if (field.most !== null && text.length > field.most) return t("form.long", { most: field.most });
  return null;
}

/** What a row says in a field, as people read it. */
export function shown(field: Field, row: Row): string {
  const value = row[field.name];
  if (value === null || value === undefined || value === "") return "";
  if (field.type === "enum") return field.choices.find((choice) => choice.code === value)?.label ?? String(value);
  return field.type === "number" ? new Intl.NumberFormat("zh-CN", { maximumFractionDigits: 6 }).format(Number(value)) : String(value);
}
