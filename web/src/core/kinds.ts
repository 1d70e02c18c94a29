/** Kinds of features in lists and legends: what is there, in which order, in which colour. */
import type { FeatureSummary, Form, KindInfo, Kinds } from "./types";

/** CSS of the material of a kind, or of one type of it where that has its own. */
export function toneOf(kind: string, type: string | null): string {
  const own = `--scene-${kind}`;
  return type ? `var(${own}-${type}, var(${own}))` : `var(${own})`;
}

/** What inspectors look for comes first; the rest as the registry has it. */
const FIRST = ["outlet", "monitoring_point", "treatment_facility", "production_unit", "storage", "emergency_facility", "structure", "underground_structure", "building"];

/** Kind names in the order of lists. */
export function listed(names: Iterable<string>, kinds: ReadonlyMap<string, KindInfo>): string[] {
  const registry = [...kinds.keys()];
  const rank = (name: string) => {
    const first = FIRST.indexOf(name);
    const place = registry.indexOf(name);
    return first >= 0 ? first : FIRST.length + (place >= 0 ? place : registry.length);
  };
  return [...names].sort((a, b) => rank(a) - rank(b));
}

export interface LegendRow {
  kind: string;
  label: string;
  /** One colour of the kind's own, or one a type that is there; a type's label is null where the kind has no other colour. */
  swatches: { label: string | null; tone: string }[];
}

export interface LegendGroup {
  name: LegendForm;
  rows: LegendRow[];
}

export type LegendForm = "solid" | "surface" | "course" | "marker";

const GROUPS: Record<LegendForm, readonly Form[]> = { solid: ["solid"], surface: ["surface"], course: ["line", "pipe"], marker: ["marker"] };

/**
 * The legend of these features: only kinds that are there, grouped by how they are shown.
 *
 * `colours` are the scene's tokens: a type with a colour of its own is told apart.
 */
export function legendOf(
  features: Iterable<FeatureSummary>,
  kinds: ReadonlyMap<string, KindInfo>,
  enums: Kinds["enums"],
  colours: Readonly<Record<string, string>>,
): LegendGroup[] {
  const present = new Map<string, Set<string | null>>();
  for (const { kind, type } of features) {
    const own = type !== null && `${kind}.${type}` in colours ? type : null;
    present.set(kind, (present.get(kind) ?? new Set()).add(own));
  }
  const row = (info: KindInfo): LegendRow => {
    const types = present.get(info.name) ?? new Set<string | null>();
    const labels = (info.type_enum && enums[info.type_enum]) || {};
    // In the order of the code list; what has no colour of its own comes last.
    const shown = Object.keys(labels).filter((type) => types.has(type));
    const swatches: LegendRow["swatches"] = shown.map((type) => ({ label: labels[type] ?? type, tone: toneOf(info.name, type) }));
    if (types.has(null)) swatches.push({ label: null, tone: toneOf(info.name, null) });
    return { kind: info.name, label: info.label, swatches };
  };
  return (Object.keys(GROUPS) as LegendForm[])
    .map((name) => ({ name, rows: [...kinds.values()].filter((info) => present.has(info.name) && GROUPS[name].includes(info.form)).map(row) }))
    .filter((group) => group.rows.length > 0);
}
