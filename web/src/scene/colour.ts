/** Colour tokens as the engine takes them. */
import { Color } from "cesium";
import type { Palette } from "../core/theme";
import { tokens } from "../generated/tokens";

let worn: Palette = tokens;

/** What the scene is drawn with: the page's theme. */
export function palette(): Palette {
  return worn;
}

/** Put another theme on; what is drawn already is drawn anew by whoever drew it. */
export function wear(colours: Palette): void {
  worn = colours;
}

const cache = new Map<string, Color>();

/** The engine's colour of a token's `#rrggbb`; shared, never to be changed. */
export function cesiumColour(css: string): Color {
  let colour = cache.get(css);
  if (!colour) {
    colour = Color.fromCssColorString(css);
    cache.set(css, colour);
  }
  return colour;
}

/** The token of an alarm level (1 highest … 4), null for any other number. */
export function alarmColour(level: number | null): string | null {
  return level === null ? null : ((worn.alarm as Record<string, string>)[String(level)] ?? null);
}

/** The material of a kind, or of one type of it where that has its own. */
export function sceneColour(kind: string, type: string | null): string {
  const scene: Record<string, string> = worn.scene;
  return scene[`${kind}.${type}`] ?? scene[kind] ?? worn.scene.building;
}
