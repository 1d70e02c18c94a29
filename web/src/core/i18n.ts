/** What people read. A key that is missing does not compile. */
import { zhCN } from "./zh-cn";

export type MessageKey = keyof typeof zhCN;

/** The text of a key, `{name}` replaced by the parameter of that name. */
export function t(key: MessageKey, parameters: Record<string, string | number> = {}): string {
  return zhCN[key].replace(/\{(\w+)\}/g, (whole, name: string) => String(parameters[name] ?? whole));
}

const ROMAN: Record<number, string> = { 1: "Ⅰ", 2: "Ⅱ", 3: "Ⅲ", 4: "Ⅳ" };

/** The alarm level as it is written: Ⅰ (highest) to Ⅳ. */
export function roman(level: number | null): string {
  return level === null ? "" : (ROMAN[level] ?? String(level));
}
