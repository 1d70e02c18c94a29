/** Symbols of kinds, as the styles of the server have them. */
import type { Theme } from "../core/theme";
import type { KindInfo, Kinds } from "../core/types";
import { STYLES } from "./themes";

/** Address of the picture of a kind, or of one type of it. */
export function symbolOf(kind: KindInfo | undefined, type: string | null, theme: Theme): string {
  const symbol = (type && kind?.type_symbols[type]) || kind?.symbol;
  return symbol ? `/svg/${STYLES[theme]}/${symbol}.svg` : "";
}

/** The types of a kind that have pictures of their own, in the order of their code list. */
export function typesOf(kind: KindInfo | undefined, enums: Kinds["enums"]): { name: string; label: string }[] {
  const labels = (kind?.type_enum && enums[kind.type_enum]) || {};
  return Object.keys(kind?.type_symbols ?? {}).map((name) => ({ name, label: labels[name] ?? name }));
}
