import { expect, test } from "vitest";
import { groundAt, type GroundPlace } from "../../src/core/ground";

const LOW: GroundPlace = { lon: 107.5, lat: 31.2, ground_m: 260, radius_m: 150 };
const HIGH: GroundPlace = { lon: 107.7, lat: 31.2, ground_m: 560, radius_m: 150 };

test("a plant stands on level ground", () => {
  expect(groundAt(107.5, 31.2, [LOW, HIGH])).toBe(260);
  expect(groundAt(107.503, 31.202, [LOW, HIGH])).toBe(260);
  expect(groundAt(107.7, 31.2, [LOW, HIGH])).toBe(560);
});

test("between two plants lies what is between their heights", () => {
  expect(groundAt(107.6, 31.2, [LOW, HIGH])).toBeCloseTo(410, 3);
});

test("far away, and without plants, lies the ellipsoid", () => {
  expect(groundAt(-70, -30, [LOW, HIGH])).toBe(0);
  expect(groundAt(107.5, 31.2, [])).toBe(0);
});
