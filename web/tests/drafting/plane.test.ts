import { expect, test } from "vitest";
import { eastNorth } from "../../src/drafting/ground";
import { mainBounds, planeOf } from "../../src/drafting/plane";

const frame = (known: boolean) => ({ known, method: "none" as const, note: {} });

test("a drawing without a place is laid out true to scale, and back", () => {
  const plane = planeOf({ frame: frame(false), sketch: { bounds: [1000, 2000, 61000, 42000], entities: [], grid: null } })!;
  expect(plane.known).toBe(false);
  const [lon, lat] = plane.lonlat([61000, 42000]);
  expect(lon / lat).toBeCloseTo(1.5, 6);
  const back = plane.xy([lon, lat]);
  expect(back[0]).toBeCloseTo(61000, 4);
  expect(back[1]).toBeCloseTo(42000, 4);
});

test("nine points place all others", () => {
  // A made-up curved map: what is between the nodes must follow.
  const lonlat = (x: number, y: number) => [107.5 + x * 1e-5 + x * y * 1e-11, 31.2 + y * 9e-6 - x * x * 1e-11] as const;
  const bounds: [number, number, number, number] = [0, 0, 4000, 3000];
  const grid = [0, 1500, 3000].flatMap((y) => [0, 2000, 4000].map((x) => [x, y, ...lonlat(x, y)] as [number, number, number, number]));
  const plane = planeOf({ frame: frame(true), sketch: { bounds, entities: [], grid } })!;
  expect(plane.known).toBe(true);
  const [lon, lat] = plane.lonlat([777, 2222]);
  expect(Math.abs(lon - lonlat(777, 2222)[0])).toBeLessThan(1e-8);
  expect(Math.abs(lat - lonlat(777, 2222)[1])).toBeLessThan(1e-8);
  const [x, y] = plane.xy([lon, lat]);
  expect(x).toBeCloseTo(777, 5);
  expect(y).toBeCloseTo(2222, 5);
});

test("a drawing without anything has no plane", () => {
  expect(planeOf({ frame: frame(false), sketch: { bounds: null, entities: [], grid: null } })).toBeNull();
});

test("a stray does not count, a wide plant does", () => {
  const plant = Array.from({ length: 200 }, (_, i) => [i % 20, Math.floor(i / 20)] as const);
  expect(mainBounds([...plant, [9000, -9000]])).toEqual([0, 0, 19, 9]);
  expect(mainBounds([])).toBeNull();
  expect(mainBounds([[3, 4]])).toEqual([3, 4, 3, 4]);
});

test("degrees to metres of EPSG:4545", () => {
  // PROJ: 107.5E 31.2N.
  const [east, north] = eastNorth(107.5, 31.2);
  expect(Math.abs(east - 452347.539)).toBeLessThan(1e-3);
  expect(Math.abs(north - 3453256.272)).toBeLessThan(1e-3);
});
