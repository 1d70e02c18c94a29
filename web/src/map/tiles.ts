/** Which tiles of the map a box is seen in. */
import type { Bbox } from "../core/types";

export interface Tile {
  z: number;
  x: number;
  y: number;
}

/** How far a tile looks beyond its sides, in sides. */
const MARGIN = 64 / 4096;

/** The tiles of a zoom in which a box (degrees) may be seen; null where they are more than `most`. */
export function covering([west, south, east, north]: Bbox, z: number, most: number): Tile[] | null {
  const count = 2 ** z;
  const column = (lon: number) => ((lon + 180) / 360) * count;
  const row = (lat: number) => ((1 - Math.asinh(Math.tan((Math.max(-85, Math.min(85, lat)) * Math.PI) / 180)) / Math.PI) / 2) * count;
  const kept = (value: number) => Math.max(0, Math.min(count - 1, Math.floor(value)));
  const [left, right] = [kept(column(west) - MARGIN), kept(column(east) + MARGIN)];
  const [top, bottom] = [kept(row(north) - MARGIN), kept(row(south) + MARGIN)];
  if ((right - left + 1) * (bottom - top + 1) > most) return null;
  const tiles: Tile[] = [];
  for (let x = left; x <= right; x += 1) for (let y = top; y <= bottom; y += 1) tiles.push({ z, x, y });
  return tiles;
}
