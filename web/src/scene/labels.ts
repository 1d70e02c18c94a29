/** Names and alarm markers as HTML over the canvas: crisp Chinese type, animation without drawing a frame, and no two in one place. */
import { Cartesian2, Cartesian3, SceneTransforms, type CesiumWidget } from "cesium";
import { Placing, type Box, type Point, type Side } from "../core/placing";

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

/** What no name may cover. */
export interface Obstacles {
  boxes(): Box[];
  /** How far the symbol that a label names was moved aside, pixels. */
  asideOf(id: string): Point | null;
}

const ON_A_STEM: readonly Side[] = ["above"];
/** A name that is hidden above its symbol may stand beside it. */
const AROUND: readonly Side[] = ["above", "right", "left", "below"];

export class Labels {
  private mounted: Mounted[] = [];
  private visible = true;
  private readonly scratch = new Cartesian2();

  constructor(
    private readonly widget: CesiumWidget,
    private readonly layer: HTMLElement,
    private readonly obstacles: Obstacles,
    private readonly room: () => Box,
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
    const placing = new Placing(this.obstacles.boxes(), { left: 0, top: 0, right: canvas.clientWidth, bottom: canvas.clientHeight }, this.room());
    for (const mounted of this.mounted) {
      const { item } = mounted;
      const distance = Cartesian3.distance(camera, item.position);
      const inRange = this.visible || item.alarm !== null || item.tone === "selected";
      const point =
        inRange && distance >= item.near_m && distance <= item.far_m && !this.behindGlobe(item.position)
          ? SceneTransforms.worldToWindowCoordinates(scene, item.position, this.scratch)
          : undefined;
      if (!point) {
        this.show(mounted, null);
        continue;
      }
      const named = item.tone === "enterprise";
      const aside = (named && this.obstacles.asideOf(item.id)) || { x: 0, y: 0 };
      this.show(mounted, placing.place(mounted, { x: point.x + aside.x, y: point.y + aside.y }, named ? AROUND : ON_A_STEM));
    }
  }

  private show(mounted: Mounted, place: { box: Box; side: Side } | null): void {
    if (place) {
      mounted.element.style.transform = `translate3d(${Math.round(place.box.left)}px, ${Math.round(place.box.top)}px, 0)`;
      mounted.element.dataset.side = place.side;
    }
    if (mounted.shown === (place !== null)) return;
    mounted.shown = place !== null;
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
