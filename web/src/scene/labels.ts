/** Names and alarm markers as HTML over the canvas: crisp Chinese type, animation without drawing a frame, and no two in one place. */
import { Cartesian2, Cartesian3, SceneTransforms, type CesiumWidget } from "cesium";

export interface LabelItem {
  id: string;
  text: string;
  position: Cartesian3;
  /** Who wins where two would overlap; higher first. */
  priority: number;
  tone: "enterprise" | "feature" | "station" | "alarm" | "selected";
  selected: boolean;
  /** A click on the name opens the card. */
  opens: boolean;
  alarm: { level: number; roman: string } | null;
  /** Custom property of the dot's colour. */
  dot: string | null;
  /** Not drawn nearer or farther than this, metres. */
  near_m: number;
  far_m: number;
}

interface Mounted {
  item: LabelItem;
  element: HTMLElement;
  width: number;
  height: number;
  shown: boolean;
}

interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** A label stands on a stem of this many pixels. */
const STEM_PX = 14;
const GAP_PX = 3;

const overlaps = (a: Box, b: Box) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

export class Labels {
  private mounted: Mounted[] = [];
  private visible = true;
  private readonly scratch = new Cartesian2();

  constructor(
    private readonly widget: CesiumWidget,
    private readonly layer: HTMLElement,
    private readonly choose: (id: string) => void,
  ) {
    widget.scene.postRender.addEventListener(() => this.place());
  }

  setVisible(visible: boolean): void {
    this.visible = visible;
    this.place();
  }

  set(items: readonly LabelItem[]): void {
    const old = new Map(this.mounted.map((mounted) => [mounted.item.id, mounted]));
    this.mounted = [...items]
      .sort((a, b) => b.priority - a.priority)
      .map((item) => {
        const reused = old.get(item.id);
        old.delete(item.id);
        return reused && sameLook(reused.item, item) ? { ...reused, item } : this.mount(item, reused?.element);
      });
    for (const mounted of old.values()) mounted.element.remove();
    for (const mounted of this.mounted) {
      if (mounted.width) continue;
      mounted.width = mounted.element.offsetWidth;
      mounted.height = mounted.element.offsetHeight;
    }
    this.place();
  }

  private mount(item: LabelItem, old: HTMLElement | undefined): Mounted {
    old?.remove();
    const element = document.createElement(item.opens ? "button" : "div");
    element.className = `label label-${item.tone}${item.selected ? " label-on" : ""}${item.opens ? " label-opens" : ""}`;
    element.dataset.feature = item.id;
    if (item.alarm) {
      element.dataset.level = String(item.alarm.level);
      element.style.setProperty("--tone", `var(--alarm-${item.alarm.level})`);
      element.append(piece("label-level", item.alarm.roman));
    } else if (item.dot) {
      element.style.setProperty("--tone", item.dot);
      element.append(piece("label-dot", ""));
    }
    element.append(piece("label-text", item.text));
    if (item.opens) {
      element.dataset.testid = item.tone === "alarm" ? "alarm-marker" : `${item.tone}-label`;
      element.tabIndex = -1;
      element.addEventListener("click", () => this.choose(item.id));
    }
    this.layer.append(element);
    return { item, element, width: 0, height: 0, shown: true };
  }

  private place(): void {
    const { scene, canvas } = this.widget;
    const camera = scene.camera.positionWC;
    const taken: Box[] = [];
    for (const mounted of this.mounted) {
      const { item } = mounted;
      const distance = Cartesian3.distance(camera, item.position);
      const inRange = this.visible || item.alarm !== null || item.tone === "selected";
      const point =
        inRange && distance >= item.near_m && distance <= item.far_m && !this.behindGlobe(item.position)
          ? SceneTransforms.worldToWindowCoordinates(scene, item.position, this.scratch)
          : undefined;
      const box = point && this.box(mounted, point);
      const fits =
        box && box.right > 0 && box.left < canvas.clientWidth && box.bottom > 0 && box.top < canvas.clientHeight && !taken.some((other) => overlaps(other, box));
      if (box && fits) taken.push(box);
      this.show(mounted, fits ? box : undefined);
    }
  }

  private box(mounted: Mounted, point: Cartesian2): Box {
    const left = point.x - mounted.width / 2;
    const bottom = point.y - STEM_PX;
    return { left: left - GAP_PX, right: left + mounted.width + GAP_PX, top: bottom - mounted.height - GAP_PX, bottom: bottom + GAP_PX };
  }

  private show(mounted: Mounted, box: Box | undefined): void {
    if (box) mounted.element.style.transform = `translate3d(${Math.round(box.left + GAP_PX)}px, ${Math.round(box.top + GAP_PX)}px, 0)`;
    if (mounted.shown === (box !== undefined)) return;
    mounted.shown = box !== undefined;
    mounted.element.classList.toggle("label-hidden", !mounted.shown);
  }

  /** True where the earth itself is between the camera and the position. */
  private behindGlobe(position: Cartesian3): boolean {
    const camera = this.widget.scene.camera.positionWC;
    const along = Cartesian3.dot(camera, position) / Cartesian3.magnitude(camera);
    const horizon = 6_371_000 ** 2 / Cartesian3.magnitude(camera);
    return along < horizon - 20_000;
  }
}

function piece(className: string, text: string): HTMLElement {
  const element = document.createElement("span");
  element.className = className;
  element.textContent = text;
  return element;
}

function sameLook(a: LabelItem, b: LabelItem): boolean {
  return a.text === b.text && a.tone === b.tone && a.selected === b.selected && a.opens === b.opens && a.dot === b.dot && a.alarm?.level === b.alarm?.level;
}
