/** Which enterprises the list shows; the map shows the same. */
import type { Enterprise } from "./types";

export interface Filter {
  text: string;
  county: string | null;
  industry: string | null;
  /** 1 … 4; 0: those without an open alarm. */
  level: number | null;
}

export const EVERYTHING: Filter = { text: "", county: null, industry: null, level: null };

export interface Choice<T> {
  value: T;
  label: string;
  count: number;
}

export function isEverything(filter: Filter): boolean {
  return !filter.text.trim() && filter.county === null && filter.industry === null && filter.level === null;
}

/** Name, codes, address and industry by what they contain; the pinyin initials of the name too. */
function says(row: Enterprise, text: string): boolean {
  const wanted = text.trim().toLowerCase();
  if (!wanted) return true;
  const fields = [row.name, row.code, row.source_code, row.credit_code, row.address, row.industry, row.initials];
  return fields.some((field) => field?.toLowerCase().includes(wanted) ?? false);
}

export function matches(row: Enterprise, filter: Filter): boolean {
  return (
    (filter.county === null || row.county === filter.county) &&
    (filter.industry === null || row.industry === filter.industry) &&
    (filter.level === null || (row.alarm_level ?? 0) === filter.level) &&
    says(row, filter.text)
  );
}

/** What can be chosen of one property, with how many the other conditions leave of each. */
export function choices<T extends string | number>(
  rows: readonly Enterprise[],
  filter: Filter,
  key: "county" | "industry" | "level",
  read: (row: Enterprise) => { value: T; label: string } | null,
): Choice<T>[] {
  const others = { ...filter, [key]: null };
  const found = new Map<T, Choice<T>>();
  for (const row of rows) {
    const one = read(row);
    if (!one) continue;
    const choice = found.get(one.value) ?? { ...one, count: 0 };
    if (matches(row, others)) choice.count += 1;
    found.set(one.value, choice);
  }
  return [...found.values()];
}
