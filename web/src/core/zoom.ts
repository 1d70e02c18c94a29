/** Looking at a picture through a window: which part of it is seen, in the picture's own units. No DOM. */

export interface Size {
  width: number;
  height: number;
}

/** Left, top and width of the part that is seen; its height follows from the window. */
export interface View {
  x: number;
  y: number;
  width: number;
}

export type Point = readonly [x: number, y: number];

/** Around a picture that is seen whole, of its size. */
const MARGIN = 0.03;
/** The most that is seen, of the picture seen whole; and the least width, of the window's in units. */
const FARTHEST = 1.6;
const NEAREST = 1 / 24;

/** The picture whole, in the middle of the window. */
export function whole(picture: Size, window: Size): View {
  const width = Math.max(picture.width, (picture.height * window.width) / window.height) * (1 + 2 * MARGIN);
  return { x: (picture.width - width) / 2, y: (picture.height - (width * window.height) / window.width) / 2, width };
}

/** Pixels of a unit below which nobody reads, and with which a picture is opened then: of a drawing in millimetres, words of 3.2. */
const LEAST = 1.9;
const READABLE = 3.2;

/** How a picture is first seen: whole where that can be read, else where it begins, at its left. */
export function opened(picture: Size, window: Size): View {
  const view = whole(picture, window);
  if (window.width / view.width >= LEAST) return view;
  const width = window.width / READABLE;
  return { x: -width * MARGIN, y: (picture.height - (width * window.height) / window.width) / 2, width };
}

/** `view` drawn nearer by `factor` (below 1: farther) around a point of the window, pixels. */
export function nearer(view: View, picture: Size, window: Size, factor: number, [px, py]: Point): View {
  const most = whole(picture, window).width * FARTHEST;
  const width = Math.min(most, Math.max(picture.width * NEAREST, view.width / factor));
  const [before, after] = [view.width / window.width, width / window.width];
  return kept({ x: view.x + px * (before - after), y: view.y + py * (before - after), width }, picture, window);
}

/** `view` dragged by so many pixels. */
export function dragged(view: View, picture: Size, window: Size, [dx, dy]: Point): View {
  const unit = view.width / window.width;
  return kept({ ...view, x: view.x - dx * unit, y: view.y - dy * unit }, picture, window);
}

/** A box of the picture in the middle of the window, as near as it was. */
export function centred(view: View, picture: Size, window: Size, [left, top, width, height]: readonly [number, number, number, number]): View {
  const tall = (view.width * window.height) / window.width;
  return kept({ ...view, x: left + width / 2 - view.width / 2, y: top + height / 2 - tall / 2 }, picture, window);
}

/** Whatever is done, some of the picture stays in the window. */
function kept(view: View, picture: Size, window: Size): View {
  const tall = (view.width * window.height) / window.width;
  const within = (value: number, low: number, high: number) => Math.min(high, Math.max(low, value));
  return { ...view, x: within(view.x, -view.width * 0.75, picture.width - view.width * 0.25), y: within(view.y, -tall * 0.75, picture.height - tall * 0.25) };
}
