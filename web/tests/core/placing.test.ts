import { describe, expect, it } from "vitest";
import { APART_PX, Placing, spread, within } from "../../src/core/placing";

const picture = { left: 0, top: 0, right: 390, bottom: 844 };
const room = { left: 0, top: 56, right: 326, bottom: 844 };
const crowd = (x: number, y: number) => Array.from({ length: 40 }, (_, index) => ({ x: x + (index % 5), y: y + (index % 3) }));
const moved = (places: { x: number; y: number }[]) => spread(places, room).map(({ x, y }, index) => ({ x: places[index]!.x + x, y: places[index]!.y + y }));

describe("symbols of a crowd", () => {
  for (const [where, x, y] of [["in the middle", 160, 400], ["beside a panel", 318, 300], ["in a corner", 4, 60]] as const) {
    it(`${where} lie apart and under no panel`, () => {
      const there = moved(crowd(x, y));
      expect(there.every((at) => within(room, at))).toBe(true);
      for (const [index, one] of there.entries())
        for (const other of there.slice(index + 1)) expect(Math.hypot(one.x - other.x, one.y - other.y)).toBeGreaterThanOrEqual(APART_PX);
    });
  }

  it("whose places a panel covers stay with them", () => {
    const there = moved(crowd(360, 300));
    expect(there[0]).toEqual({ x: 360, y: 300 });
    expect(there.some((at) => at.x > room.right)).toBe(true);
  });
});

describe("a name", () => {
  const size = { width: 120, height: 24 };

  it("stands where all of it can be read, before its first side", () => {
    expect(new Placing([], picture, room).place(size, { x: 310, y: 300 }, ["above", "left"])?.side).toBe("left");
    expect(new Placing([], picture, room).place(size, { x: 160, y: 300 }, ["above", "left"])?.side).toBe("above");
  });

  it("that can be read nowhere whole still stands on its first side", () => {
    expect(new Placing([], picture, room).place(size, { x: 310, y: 300 }, ["above"])?.side).toBe("above");
  });
});
