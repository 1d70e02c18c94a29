/** The picture of an enterprise on every map: the glyph of its industry, and its worst open alarm as shape, colour and numeral. */
import { roman } from "./i18n";
import type { Palette } from "./theme";

/** Pixels along a side, of which a page shows fewer. */
export const BADGE_PX = 64;

/** A disc where all is quiet; a square with its numeral where an alarm stands open, so that colour is not the only sign. */
export function badge(glyph: string, level: number | null, { alarm, ui }: Palette): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = BADGE_PX;
  const pen = canvas.getContext("2d");
  if (!pen) return canvas;
  const colour = level === null ? null : ((alarm as Record<string, string>)[String(level)] ?? null);
  pen.lineWidth = 4;
  pen.strokeStyle = colour ? ui["alarm-ink"] : ui.accent;
  pen.fillStyle = colour ?? ui.panel;
  pen.beginPath();
  if (colour) pen.roundRect(4, 8, BADGE_PX - 12, BADGE_PX - 12, 10);
  else pen.arc(BADGE_PX / 2, BADGE_PX / 2, BADGE_PX / 2 - 5, 0, 2 * Math.PI);
  pen.fill();
  pen.stroke();
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillStyle = colour ? ui["alarm-ink"] : ui.text;
  pen.font = '700 32px "Noto Sans SC", "Noto Sans CJK SC", sans-serif';
  pen.fillText(glyph, colour ? BADGE_PX / 2 - 2 : BADGE_PX / 2, colour ? BADGE_PX / 2 + 4 : BADGE_PX / 2 + 2);
  if (colour && level !== null) {
    pen.fillStyle = ui["alarm-ink"];
    pen.beginPath();
    pen.arc(BADGE_PX - 14, 14, 13, 0, 2 * Math.PI);
    pen.fill();
    pen.fillStyle = colour;
    pen.font = '700 18px "Noto Sans SC", "Noto Sans CJK SC", sans-serif';
    pen.fillText(roman(level), BADGE_PX - 14, 15);
  }
  return canvas;
}
