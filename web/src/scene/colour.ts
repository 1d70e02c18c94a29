/** Colour tokens as the engine takes them. */
import { Color } from "cesium";
import { tokens } from "../generated/tokens";

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
  return level === null ? null : ((tokens.alarm as Record<string, string>)[String(level)] ?? null);
}

/** The material of a kind, or of one type of it where that has its own. */
export function sceneColour(kind: string, type: string | null): string {
  const scene = tokens.scene as Record<string, string>;
  return scene[`${kind}.${type}`] ?? scene[kind] ?? tokens.scene.building;
}
