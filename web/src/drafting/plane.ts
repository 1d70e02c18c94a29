/**
 * From drawing coordinates to the map's longitude and latitude and back.
 *
 * A drawing with a known place comes with nine points of its bounds; between them the map runs so evenly that a polynomial of the second
 * degree follows it to millimetres over kilometres. One without a place is laid out around zero: the picture is right, the degrees mean nothing.
 */
import type { Preview, Xy } from "./types";

const { PI } = Math;
/** Share of the world that a drawing without a place spans: large enough to zoom into, small enough to be flat. */
const SPAN = 2 ** -11;

export interface Plane {
  known: boolean;
  lonlat(xy: Xy): [number, number];
  xy(lonlat: Xy): [number, number];
}

const mercator = ([lon, lat]: Xy): [number, number] => [(lon * PI) / 180, Math.log(Math.tan(PI / 4 + (lat * PI) / 360))];
const degrees = (x: number, y: number): [number, number] => [(x * 180) / PI, (Math.atan(Math.exp(y)) * 360) / PI - 90];

function paper(bounds: readonly number[]): Plane {
  const [x0, y0, x1, y1] = bounds as [number, number, number, number];
  const scale = (2 * PI * SPAN) / Math.max(x1 - x0, y1 - y0, 1e-9);
  const [cx, cy] = [(x0 + x1) / 2, (y0 + y1) / 2];
  return {
    known: false,
    lonlat: ([x, y]) => degrees((x - cx) * scale, (y - cy) * scale),
    xy: (lonlat) => {
      const [u, v] = mercator(lonlat);
      return [u / scale + cx, v / scale + cy];
    },
  };
}

/** The value at `s` (0 … 1) of the parabola through values at 0, ½ and 1. */
const parabola = (a: number, b: number, c: number, s: number) => a * (1 - s) * (1 - 2 * s) + 4 * b * s * (1 - s) + c * s * (2 * s - 1);

function placed(bounds: readonly number[], grid: readonly (readonly number[])[]): Plane {
  const [x0, y0, x1, y1] = bounds as [number, number, number, number];
  const [width, height] = [Math.max(x1 - x0, 1e-9), Math.max(y1 - y0, 1e-9)];
  const nodes = grid.map((row) => mercator([row[2]!, row[3]!]));
  const row = (at: number, axis: 0 | 1, s: number) => parabola(nodes[at]![axis], nodes[at + 1]![axis], nodes[at + 2]![axis], s);
  const value = (axis: 0 | 1, s: number, u: number) => parabola(row(0, axis, s), row(3, axis, s), row(6, axis, s), u);
  const forward = (x: number, y: number): [number, number] => {
    const [s, u] = [(x - x0) / width, (y - y0) / height];
    return [value(0, s, u), value(1, s, u)];
  };
  return {
    known: true,
    lonlat: ([x, y]) => degrees(...forward(x, y)),
    xy: (lonlat) => {
      const [mx, my] = mercator(lonlat);
      let [x, y] = [(x0 + x1) / 2, (y0 + y1) / 2];
      // Newton; the map is nearly linear, so that a few steps end in rounding.
      for (let step = 0; step < 6; step += 1) {
        const [fx, fy] = forward(x, y);
        const [ax, ay] = forward(x + width / 100, y);
        const [bx, by] = forward(x, y + height / 100);
        const [a, b, c, d] = [((ax - fx) * 100) / width, ((bx - fx) * 100) / height, ((ay - fy) * 100) / width, ((by - fy) * 100) / height];
        const determinant = a * d - b * c;
        x += ((mx - fx) * d - (my - fy) * b) / determinant;
        y += ((my - fy) * a - (mx - fx) * c) / determinant;
      }
      return [x, y];
    },
  };
}

export function planeOf(preview: Pick<Preview, "sketch" | "frame">): Plane | null {
  const { bounds, grid } = preview.sketch;
  if (!bounds) return null;
  return preview.frame.known && grid?.length === 9 ? placed(bounds, grid) : paper(bounds);
}

/** The box that holds most points: what a stray line kilometres away must not shrink. */
export function mainBounds(points: readonly Xy[]): [number, number, number, number] | null {
  if (points.length === 0) return null;
  const box = [0, 1].map((axis) => {
    const values = points.map((point) => point[axis as 0 | 1]).sort((a, b) => a - b);
    const at = (share: number) => values[Math.round(share * (values.length - 1))]!;
    const [low, high] = [at(0.05), at(0.95)];
    const reach = (high - low) * 0.25;
    const inside = values.filter((value) => value >= low - reach && value <= high + reach);
    return [inside[0]!, inside.at(-1)!] as const;
  });
  return [box[0]![0], box[1]![0], box[0]![1], box[1]![1]];
}
