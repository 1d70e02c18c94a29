/** Where names may stand: apart from each other, over no symbol, inside the picture. Pixels, no engine. */

export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

export interface Point {
  x: number;
  y: number;
}

export type Side = "above" | "right" | "left" | "below";

export interface Size {
  width: number;
  height: number;
}

/** A name stands this far from its place: on a stem above it, or beside it. */
const STEM_PX = 14;
/** Between two names. */
const GAP_PX = 3;

export const overlaps = (a: Box, b: Box) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

const holds = (outer: Box, inner: Box) => inner.left >= outer.left && inner.right <= outer.right && inner.top >= outer.top && inner.bottom <= outer.bottom;

export const within = (box: Box, { x, y }: Point) => x >= box.left && x <= box.right && y >= box.top && y <= box.bottom;

const inflated = (box: Box, by: number): Box => ({ left: box.left - by, top: box.top - by, right: box.right + by, bottom: box.bottom + by });

function boxAt({ width, height }: Size, { x, y }: Point, side: Side): Box {
  const left = side === "right" ? x + STEM_PX : side === "left" ? x - STEM_PX - width : x - width / 2;
  const top = side === "above" ? y - STEM_PX - height : side === "below" ? y + STEM_PX : y - height / 2;
  return { left, top, right: left + width, bottom: top + height };
}

/** The names of one picture, placed one after another: who comes first wins. */
export class Placing {
  private readonly taken: Box[] = [];

  /** `symbols`: what no name may cover; `frame`: the picture, which a name must touch; `room`: the part of it that no panel covers. */
  constructor(
    private readonly symbols: readonly Box[],
    private readonly frame: Box,
    private readonly room: Box,
  ) {}

  /** The first of the sides on which a name is free at a point, those where all of it can be read before others, and takes its place; null where none is. */
  place(size: Size, at: Point, sides: readonly Side[]): { box: Box; side: Side } | null {
    const boxes = sides.map((side) => ({ side, box: boxAt(size, at, side) }));
    const whole = boxes.filter(({ box }) => holds(this.room, box));
    const rest = boxes.filter((one) => !whole.includes(one));
    for (const { side, box } of [...whole, ...rest]) {
      const around = inflated(box, GAP_PX);
      if (!overlaps(around, this.frame) || this.taken.some((other) => overlaps(other, around)) || this.symbols.some((symbol) => overlaps(symbol, box))) continue;
      this.taken.push(around);
      return { box, side };
    }
    return null;
  }
}

/** Nearer than this one symbol would hide the middle of another. */
export const APART_PX = 15;
/** Farther than this a symbol would no longer be found where it belongs. */
const FARTHEST_RINGS = 8;

/**
 * How far each symbol moves from its place, so that all lie apart: who comes first stays, a later one takes the nearest free place around.
 *
 * None moves out of `room`, the part of the picture that no panel covers, which lies in it already, and none farther than `rings` symbols. Whole
 * pixels; who finds no room stays in the crowd.
 */
export function spread(places: readonly Point[], room: Box, rings = FARTHEST_RINGS): Point[] {
  const inner = inflated(room, -APART_PX / 2);
  const taken: Point[] = [];
  return places.map((at) => {
    const aside = free(at, taken, within(room, at) ? inner : null, rings);
    taken.push({ x: at.x + aside.x, y: at.y + aside.y });
    return aside;
  });
}

function free(at: Point, taken: readonly Point[], room: Box | null, rings: number): Point {
  for (let ring = 0; ring <= rings; ring += 1) {
    const places = Math.max(1, ring * 6);
    for (let place = 0; place < places; place += 1) {
      const angle = (2 * Math.PI * place) / places;
      const aside = { x: Math.round(ring * APART_PX * Math.cos(angle)), y: Math.round(ring * APART_PX * Math.sin(angle)) };
      const there = { x: at.x + aside.x, y: at.y + aside.y };
      const allowed = ring === 0 || !room || within(room, there);
      if (allowed && taken.every((other) => Math.hypot(other.x - there.x, other.y - there.y) >= APART_PX)) return aside;
    }
  }
  return { x: 0, y: 0 };
}
