/** Wheel, drag, pinch and keys on a picture: the view that `core/zoom` works out, kept in step with the size of its window. */
import { computed, onMounted, onUnmounted, shallowRef, watch, type Ref } from "vue";
import { dragged, nearer, opened, whole, type Point, type Size, type View } from "../core/zoom";

/** Pixels that a finger may tremble without dragging. */
const TREMBLE = 6;

/** `first`: how the picture is seen before anybody has moved it. */
export function useZoom(element: Readonly<Ref<Element | null>>, picture: Readonly<Ref<Size | null>>, first: (picture: Size, window: Size) => View = opened) {
  const window = shallowRef<Size>({ width: 1, height: 1 });
  const view = shallowRef<View | null>(null);
  const fingers = new Map<number, Point>();
  let travelled = 0;
  let touched = false;

  const viewBox = computed(() => {
    const { x, y, width } = view.value ?? { x: 0, y: 0, width: 1 };
    return `${x} ${y} ${width} ${(width * window.value.height) / window.value.width}`;
  });
  /** Whether the last press was a drag: then it was no click. */
  const wasDrag = () => travelled > TREMBLE;

  function open(): void {
    if (picture.value && !touched) view.value = first(picture.value, window.value);
  }
  function fit(): void {
    if (picture.value) set(whole(picture.value, window.value));
  }
  function set(next: View): void {
    touched = true;
    view.value = next;
  }
  function zoom(factor: number, at: Point = [window.value.width / 2, window.value.height / 2]): void {
    if (view.value && picture.value) set(nearer(view.value, picture.value, window.value, factor, at));
  }
  function place(event: { clientX: number; clientY: number }): Point {
    const bounds = element.value!.getBoundingClientRect();
    return [event.clientX - bounds.left, event.clientY - bounds.top];
  }
  const middle = (points: readonly Point[]): Point => [points.reduce((sum, [x]) => sum + x, 0) / points.length, points.reduce((sum, [, y]) => sum + y, 0) / points.length];
  const spread = ([one, other]: readonly Point[]) => (one && other ? Math.hypot(one[0] - other[0], one[1] - other[1]) : 0);

  function onWheel(event: WheelEvent): void {
    event.preventDefault();
    zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0016)), place(event));
  }
  function onDown(event: PointerEvent): void {
    if (fingers.size === 0) travelled = 0;
    fingers.set(event.pointerId, place(event));
  }
  function onMove(event: PointerEvent): void {
    if (!fingers.has(event.pointerId) || !view.value || !picture.value) return;
    const before = [...fingers.values()];
    fingers.set(event.pointerId, place(event));
    const after = [...fingers.values()];
    const [from, to] = [middle(before), middle(after)];
    travelled += Math.hypot(to[0] - from[0], to[1] - from[1]) + Math.abs(spread(after) - spread(before));
    if (!wasDrag()) return;
    // Held only once it is a drag: what is held sends its click elsewhere.
    element.value!.setPointerCapture(event.pointerId);
    set(dragged(view.value, picture.value, window.value, [to[0] - from[0], to[1] - from[1]]));
    if (before.length === 2 && spread(before) > 0) zoom(spread(after) / spread(before), to);
  }
  function onUp(event: PointerEvent): void {
    fingers.delete(event.pointerId);
  }

  const watcher = new ResizeObserver(([entry]) => {
    window.value = { width: Math.max(1, entry!.contentRect.width), height: Math.max(1, entry!.contentRect.height) };
    open();
  });
  watch(picture, open);
  onMounted(() => element.value && watcher.observe(element.value));
  onUnmounted(() => watcher.disconnect());
  return { view, viewBox, window, wasDrag, fit, set, zoom, on: { wheel: onWheel, pointerdown: onDown, pointermove: onMove, pointerup: onUp, pointercancel: onUp } };
}
