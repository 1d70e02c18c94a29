/** Enterprises on the map as the lists know them: the badge of each, moved aside where several lie on one spot. No engine. */
import type { LayerSpecification } from "maplibre-gl";
import type { FeatureCollection } from "geojson";
import { BADGE_PX } from "../core/badge";
import type { Point } from "../core/placing";
import type { Theme } from "../core/theme";
import type { Enterprise } from "../core/types";

export const PLACES = "places";
/** Canvas pixels of a badge to one of the page. */
export const BADGE_RATIO = 2;
/** Nearer than this a plant itself is seen, with the symbol of the norm. */
export const BADGES_TO = 14.5;
/** Scale of a badge by zoom: from where the city fits the page to where a park does. */
const FAR = { zoom: 7, scale: 0.52 };
const NEAR = { zoom: 11, scale: 0.8 };

/** Pixels of the page that a badge takes. */
export const badgeSize = (zoom: number) => (BADGE_PX / BADGE_RATIO) * scaleAt(zoom);

function scaleAt(zoom: number): number {
  const share = Math.min(1, Math.max(0, (zoom - FAR.zoom) / (NEAR.zoom - FAR.zoom)));
  return FAR.scale + (NEAR.scale - FAR.scale) * share;
}

/** The name of a badge's picture: another in each theme. */
export const badgeName = (theme: Theme, { glyph, alarm_level }: Pick<Enterprise, "glyph" | "alarm_level">) => `badge:${theme}:${alarm_level ?? 0}:${glyph}`;

/** What the name of a badge's picture says; null for any other picture. */
export function readBadge(name: string): { glyph: string; level: number | null } | null {
  const found = /^badge:\w+:(\d):(.*)$/u.exec(name);
  return found ? { glyph: found[2]!, level: Number(found[1]) || null } : null;
}

/** What is selected, then the worst alarm: who comes first stays at its place. */
export function byRank(rows: readonly Enterprise[], selected: string | null): Enterprise[] {
  const rank = (row: Enterprise) => (row.feature_id === selected ? 0 : (row.alarm_level ?? 9));
  return [...rows].sort((a, b) => rank(a) - rank(b) || a.feature_id.localeCompare(b.feature_id));
}

/** The source's data; `asides` as pixels of the page at `zoom`. */
export function placesOf(rows: readonly Enterprise[], asides: readonly Point[], theme: Theme, zoom: number): FeatureCollection {
  return {
    type: "FeatureCollection",
    features: rows.map((row, index) => {
      const aside = asides[index] ?? { x: 0, y: 0 };
      return {
        type: "Feature",
        geometry: { type: "Point", coordinates: [row.lon, row.lat] },
        properties: {
          feature_id: row.feature_id,
          kind: "enterprise",
          name: row.name,
          image: badgeName(theme, row),
          // An offset is of the picture, and grows with it.
          aside: [aside.x / scaleAt(zoom), aside.y / scaleAt(zoom)],
          ...(row.alarm_level === null ? {} : { alarm_level: row.alarm_level }),
        },
      };
    }),
  };
}

/** The badges, above all that lies on the ground. */
export function badgeLayer(): LayerSpecification {
  return {
    id: "enterprise.badge",
    type: "symbol",
    source: PLACES,
    maxzoom: BADGES_TO,
    layout: {
      "icon-image": ["get", "image"],
      "icon-size": ["interpolate", ["linear"], ["zoom"], FAR.zoom, FAR.scale, NEAR.zoom, NEAR.scale],
      "icon-offset": ["array", "number", 2, ["get", "aside"]],
      "icon-allow-overlap": true,
      "icon-padding": 0,
      "symbol-sort-key": ["-", 9, ["coalesce", ["get", "alarm_level"], 9]],
    },
  };
}
