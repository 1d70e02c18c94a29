/** Control points as the text that the server reads: CSV `name,x,y,E,N,src`. */
import type { ControlPoint, Xy } from "./types";

const COLUMNS = ["name", "x", "y", "E", "N", "src"] as const;

export function whole(point: ControlPoint): boolean {
  return [point.x, point.y, point.east, point.north].every((value) => value !== null && Number.isFinite(value));
}

/** The points that are complete, as CSV; null without any. */
export function written(points: readonly ControlPoint[]): string | null {
  const rows = points.filter(whole).map((point) => [point.name.replace(/[",\n\r]/g, " "), point.x, point.y, point.east, point.north, point.src].join(","));
  return rows.length ? [COLUMNS.join(","), ...rows, ""].join("\n") : null;
}

const number = (text: string | undefined) => (text?.trim() && Number.isFinite(Number(text)) ? Number(text) : null);

/** Read what `written` wrote, or a file of that form; lines that are none are left out. */
export function read(text: string | null): ControlPoint[] {
  const lines = (text ?? "").split(/\r?\n/).filter((line) => line.trim() && !line.startsWith("#"));
  const head = lines.shift()?.split(",").map((name) => name.trim()) ?? [];
  const column = (cells: string[], name: (typeof COLUMNS)[number]) => cells[head.indexOf(name)];
  return lines.map((line) => {
    const cells = line.split(",");
    const pick = (name: (typeof COLUMNS)[number]) => number(column(cells, name));
    return { name: column(cells, "name")?.trim() ?? "", x: pick("x"), y: pick("y"), east: pick("E"), north: pick("N"), src: column(cells, "src")?.trim() ?? "" };
  });
}

/** Two numbers in what someone pasted, easting first: what is larger than 1 000 km is the northing (or a zone-prefixed easting's). */
export function pasted(text: string): Xy | null {
  const numbers = (text.match(/-?\d+(?:\.\d+)?/g) ?? []).map(Number);
  if (numbers.length !== 2) return null;
  const [first, second] = numbers as [number, number];
  return first > 1e6 && first < 1e7 && second < 1e6 ? [second, first] : [first, second];
}
