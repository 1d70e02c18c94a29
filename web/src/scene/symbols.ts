/** One symbol an enterprise, seen and clicked from any height. */
import { Billboard, BillboardCollection, Cartesian2, Cartesian3, DistanceDisplayCondition, NearFarScalar, SceneTransforms, type CesiumWidget } from "cesium";
import { badge } from "../core/badge";
import type { FeatureStore } from "../core/store";
import type { Enterprise } from "../core/types";
import { palette } from "./colour";
import { spread, type Box, type Point } from "../core/placing";

/** CSS pixels at which it is drawn. */
const SHOWN = 26;
/** It gives way to the plant itself within this many of its radii. */
const NEAR_RADII = 9;
const FARTHEST_M = 3_000_000;
const SCALE = new NearFarScalar(20_000, 1, 400_000, 0.62);

export interface SymbolId {
  enterprise: string;
  name: string;
}

/** The scale that the engine draws a symbol at (Cesium's `czm_nearFarScalar`). */
function scaleAt(distance_m: number): number {
  const { near, nearValue, far, farValue } = SCALE;
  const share = (distance_m ** 2 - near ** 2) / (far ** 2 - near ** 2);
  return nearValue + (farValue - nearValue) * Math.min(1, Math.max(0, share)) ** 0.2;
}

export class Symbols {
  private readonly collection: BillboardCollection;
  private readonly boards = new Map<string, Billboard>();
  /** Grows with each theme, so that the engine does not take a former theme's picture for the same. */
  private look = 0;
  private readonly images = new Map<string, HTMLCanvasElement>();

  constructor(private readonly widget: CesiumWidget) {
    this.collection = new BillboardCollection({ scene: widget.scene });
    widget.scene.primitives.add(this.collection);
  }

  /** Whether all pictures are there to be drawn. */
  get ready(): boolean {
    return [...this.boards.values()].every((board) => board.ready);
  }

  /** Forget the pictures: they are drawn in the worn theme from now on. */
  redraw(store: FeatureStore): void {
    this.images.clear();
    this.look += 1;
    this.update(store);
  }

  /** Draw what the store shows now. */
  update(store: FeatureStore): void {
    for (const [id, board] of this.boards) {
      if (store.enterprises.has(id)) continue;
      this.collection.remove(board);
      this.boards.delete(id);
    }
    const on = !store.hidden.has("enterprise");
    for (const enterprise of store.enterprises.values()) this.place(enterprise, on && store.shows(enterprise.feature_id));
    this.widget.scene.requestRender();
  }

  /** Where an enterprise's symbol lies on the canvas; null where it is not drawn. */
  positionOf(id: string): Cartesian2 | null {
    const board = this.boards.get(id);
    const at = board?.show ? SceneTransforms.worldToWindowCoordinates(this.widget.scene, board.position) : undefined;
    return at && board ? Cartesian2.add(at, board.pixelOffset, new Cartesian2()) : null;
  }

  /** The pixels that the drawn symbols take. */
  boxes(): Box[] {
    const camera = this.widget.scene.camera.positionWC;
    return [...this.boards].flatMap(([id, board]) => {
      const distance = Cartesian3.distance(camera, board.position);
      const { near, far } = board.distanceDisplayCondition;
      const at = distance > near && distance < far ? this.positionOf(id) : null;
      const half = (SHOWN / 2) * scaleAt(distance);
      return at ? [{ left: at.x - half, top: at.y - half, right: at.x + half, bottom: at.y + half }] : [];
    });
  }

  /** How far an enterprise's symbol was moved from its place, pixels. */
  asideOf(id: string): Point | null {
    return this.boards.get(id)?.pixelOffset ?? null;
  }

  /** Move symbols aside that would lie over each other, inside what no panel covers, the worst alarm staying where it is. */
  spread(store: FeatureStore, room: Box): void {
    const rank = (id: string) => store.enterprises.get(id)?.alarm_level ?? 9;
    const boards = [...this.boards].filter(([, board]) => board.show).sort(([a], [b]) => rank(a) - rank(b) || a.localeCompare(b));
    const placed = boards.flatMap(([, board]) => {
      const at = SceneTransforms.worldToWindowCoordinates(this.widget.scene, board.position);
      return at ? [{ board, at }] : [];
    });
    spread(placed.map(({ at }) => at), room).forEach(({ x, y }, index) => {
      const board = placed[index]?.board;
      if (board && (board.pixelOffset.x !== x || board.pixelOffset.y !== y)) board.pixelOffset = new Cartesian2(x, y);
    });
    this.widget.scene.requestRender();
  }

  private place(enterprise: Enterprise, show: boolean): void {
    const board = this.boards.get(enterprise.feature_id) ?? this.collection.add({ position: Cartesian3.ZERO, width: SHOWN, height: SHOWN });
    this.boards.set(enterprise.feature_id, board);
    const key = `${this.look}${enterprise.glyph}${enterprise.alarm_level ?? ""}`;
    if (board.image !== key) {
      const image = this.images.get(key) ?? badge(enterprise.glyph, enterprise.alarm_level, palette());
      this.images.set(key, image);
      board.setImage(key, image as unknown as HTMLImageElement);
    }
    const id: SymbolId = { enterprise: enterprise.feature_id, name: enterprise.name };
    board.id = id;
    board.show = show;
    board.position = Cartesian3.fromDegrees(enterprise.lon, enterprise.lat, enterprise.ground_m + 10);
    board.distanceDisplayCondition = new DistanceDisplayCondition(enterprise.radius_m * NEAR_RADII, FARTHEST_M);
    board.scaleByDistance = SCALE;
    // The worst alarm lies on top of its neighbours.
    board.eyeOffset = new Cartesian3(0, 0, -100 * (5 - (enterprise.alarm_level ?? 5)));
    board.disableDepthTestDistance = Number.POSITIVE_INFINITY;
  }
}
