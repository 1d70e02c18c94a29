/**
 * `window.quanjing`: what a person could see, for tests and for the curious; it changes nothing.
 *
 * - `positionOf(id)`: a pixel of the page where a click picks that feature, null where none is in sight
 * - `shown()`: enterprise → version of its tileset on the screen
 * - `color(id)`: the CSS colour that the feature is drawn in, null for an unknown id
 * - `painted(id)`: the colour that its solids in the tiles on the screen have been given, white where it is the tile's own, null where none is loaded
 *
 * Each pick dispatches `quanjing:picked` on `window` with `{feature_id, name}`.
 */
import { Cartesian2, Cartesian3, SceneTransforms } from "cesium";
import type { FeatureStore } from "../core/store";
import type { Picked } from "./pick";
import type { Viewer } from "./viewer";

export interface Hook {
  positionOf(feature: string): { x: number; y: number } | null;
  shown(): Record<string, string>;
  color(feature: string): string | null;
  painted(feature: string): string | null;
}

declare global {
  interface Window {
    quanjing?: Hook;
  }
}

/** Heights that are tried, as shares of the feature's own, and pixels around the projected point. */
const SHARES = [0.5, 0.98, 0.8, 0.25];
const AROUND: [number, number][] = [[0, 0], [0, 3], [4, 0], [-4, 0], [0, -4], [8, 4], [-8, 4], [12, -6], [-12, -6]];

/** The pixel where that feature, and nothing before it, can be clicked. */
export function positionOf(
  viewer: Viewer,
  store: FeatureStore,
  id: string,
  pick: (at: Cartesian2) => Picked | null,
  symbol: Cartesian2 | null,
): { x: number; y: number } | null {
  const enterprise = store.enterprises.get(store.ownerOf(id) ?? "");
  const feature = store.features.get(id);
  const { scene, canvas } = viewer.widget;
  const page = canvas.getBoundingClientRect();
  const clickable = (at: Cartesian2, dx: number, dy: number) => {
    const point = new Cartesian2(Math.round(at.x) + dx, Math.round(at.y) + dy);
    const x = page.left + point.x;
    const y = page.top + point.y;
    return document.elementFromPoint(x, y) === canvas && pick(point)?.feature_id === id ? { x, y } : null;
  };
  if (!feature || !enterprise) {
    for (const [dx, dy] of symbol ? AROUND : []) {
      const found = symbol && clickable(symbol, dx, dy);
      if (found) return found;
    }
    return null;
  }
  for (const [dx, dy] of AROUND) {
    for (const share of SHARES) {
      const z = feature.z_min_m + (feature.z_max_m - feature.z_min_m) * share;
      const world = Cartesian3.fromDegrees(feature.lon, feature.lat, enterprise.ground_m + z);
      const at = SceneTransforms.worldToWindowCoordinates(scene, world);
      if (!at) continue;
      const found = clickable(at, dx, dy);
      if (found) return found;
    }
  }
  return null;
}
