/** What can be switched on and off in the scene: kinds of features by their groups, and the ground they lie on. */
import type { KindGroup, KindInfo } from "./types";

/** Layers that are no kind. */
export const GROUND_LAYERS = ["names", "grid", "basemap"] as const;
export type GroundLayer = (typeof GROUND_LAYERS)[number];

/** The name by which a base map is hidden among the layers. */
export const mapLayer = (name: string) => `map-${name}`;

/** The base map that is shown: the first that is not hidden, so that a link says which. */
export const shownMap = <T extends { name: string }>(maps: readonly T[], hidden: ReadonlySet<string>): T | null =>
  maps.find((map) => !hidden.has(mapLayer(map.name))) ?? null;

/** Kinds without a body that are drawn all the same: a symbol, border lines. */
const DRAWN = new Set(["enterprise", "county"]);

/** What a layer of finished 3D Tiles is called among what is switched off. */
export const deliveredName = (name: string): string => `tiles_${name}`;

export interface LayerRow {
  name: string;
  label: string;
  count: number;
  shown: boolean;
}

export interface LayerGroup {
  name: string;
  label: string;
  rows: LayerRow[];
  /** All rows, some, none of them. */
  shown: "all" | "some" | "none";
}

/** The layer panel: every kind that the scene can show, in the groups of the registry. */
export function layersOf(kinds: ReadonlyMap<string, KindInfo>, groups: readonly KindGroup[], counts: ReadonlyMap<string, number>, hidden: ReadonlySet<string>): LayerGroup[] {
  const drawn = [...kinds.values()].filter((kind) => kind.form !== "none" || DRAWN.has(kind.name));
  return groups
    .map(({ name, label }) => {
      const rows = drawn
        .filter((kind) => kind.group === name)
        .map((kind) => ({ name: kind.name, label: kind.label, count: counts.get(kind.name) ?? 0, shown: !hidden.has(kind.name) }));
      return { name, label, rows, shown: shareOf(rows) };
    })
    .filter((group) => group.rows.length > 0);
}

function shareOf(rows: readonly LayerRow[]): LayerGroup["shown"] {
  const shown = rows.filter((row) => row.shown).length;
  return shown === 0 ? "none" : shown === rows.length ? "all" : "some";
}

/** `hidden` with these names switched on or off. */
export function switched(hidden: ReadonlySet<string>, names: Iterable<string>, shown: boolean): Set<string> {
  const next = new Set(hidden);
  for (const name of names) {
    if (shown) next.delete(name);
    else next.add(name);
  }
  return next;
}
