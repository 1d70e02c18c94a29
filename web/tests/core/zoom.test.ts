import { expect, test } from "vitest";
import { centred, dragged, nearer, opened, whole } from "../../src/core/zoom";

const PICTURE = { width: 400, height: 100 };
const WINDOW = { width: 800, height: 400 };

test("a picture is seen whole in the middle of its window, wide or tall", () => {
  const view = whole(PICTURE, WINDOW);
  expect(view.width).toBeCloseTo(424);
  expect(view.x).toBeCloseTo(-12);
  expect(view.y).toBeCloseTo((100 - 212) / 2);
  expect(whole({ width: 10, height: 100 }, WINDOW).width).toBeCloseTo(212);
});

test("the point under the pointer stays where it is", () => {
  const view = whole(PICTURE, WINDOW);
  const after = nearer(view, PICTURE, WINDOW, 2, [200, 300]);
  expect(after.width).toBeCloseTo(212);
  expect(after.x + (200 * after.width) / 800).toBeCloseTo(view.x + (200 * view.width) / 800);
  expect(after.y + (300 * after.width) / 800).toBeCloseTo(view.y + (300 * view.width) / 800);
});

test("nobody gets lost: neither too near, nor too far, nor beside the picture", () => {
  const view = whole(PICTURE, WINDOW);
  expect(nearer(view, PICTURE, WINDOW, 1e6, [0, 0]).width).toBeCloseTo(400 / 24);
  expect(nearer(view, PICTURE, WINDOW, 1e-6, [0, 0]).width).toBeCloseTo(view.width * 1.6);
  const far = dragged(view, PICTURE, WINDOW, [1e6, -1e6]);
  expect([far.x, far.y]).toEqual([-view.width * 0.75, 100 - (view.width / 2) * 0.25]);
});

test("a drag moves by the picture's own units, and a box comes to the middle", () => {
  const view = { x: 0, y: 0, width: 200 };
  expect(dragged(view, PICTURE, WINDOW, [40, 8])).toEqual({ x: -10, y: -2, width: 200 });
  expect(centred(view, PICTURE, WINDOW, [300, 40, 20, 10])).toEqual({ x: 210, y: -5, width: 200 });
});

test("a picture that nobody could read whole is opened where it begins", () => {
  expect(opened({ width: 300, height: 100 }, WINDOW)).toEqual(whole({ width: 300, height: 100 }, WINDOW));
  const near = opened({ width: 480, height: 120 }, { width: 400, height: 800 });
  expect(near.width).toBeCloseTo(125);
  expect(near.x).toBeCloseTo(-3.75);
  expect(near.y + near.width).toBeCloseTo(60);
});
