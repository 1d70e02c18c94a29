/** What people read. A key that is missing does not compile. */
import { zhCN } from "./zh-cn";

export type MessageKey = keyof typeof zhCN;
type Parameters = Record<string, string | number>;

/** A function that gives the texts of one catalogue, `{name}` replaced by the parameter of that name. */
export function catalogue<Texts extends Record<string, string>>(texts: Texts): (key: keyof Texts, parameters?: Parameters) => string {
  return (key, parameters = {}) => texts[key]!.replace(/\{(\w+)\}/g, (whole, name: string) => String(parameters[name] ?? whole));
}

/** The text of a key of the panorama. */
export const t = catalogue(zhCN);

const ROMAN: Record<number, string> = { 1: "Ⅰ", 2: "Ⅱ", 3: "Ⅲ", 4: "Ⅳ" };

/** The alarm level as it is written: Ⅰ (highest) to Ⅳ. */
export function roman(level: number | null): string {
  return level === null ? "" : (ROMAN[level] ?? String(level));
}
