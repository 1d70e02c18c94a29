/** One symbol an enterprise, seen and clicked from any height: the glyph of its industry, and its worst open alarm as shape, colour and numeral. */
import { Billboard, BillboardCollection, Cartesian3, DistanceDisplayCondition, NearFarScalar, type CesiumWidget } from "cesium";
import { roman } from "../core/i18n";
import type { FeatureStore } from "../core/store";
import type { Enterprise } from "../core/types";
import { tokens } from "../generated/tokens";
import { alarmColour } from "./colour";

const SIZE = 64;
/** CSS pixels at which it is drawn. */
const SHOWN = 26;
/** It gives way to the plant itself within this many of its radii. */
const NEAR_RADII = 9;
const FARTHEST_M = 3_000_000;

export interface SymbolId {
  enterprise: string;
  name: string;
}

/** A disc where all is quiet; a square with its numeral where an alarm stands open, so that colour is not the only sign. */
function draw(glyph: string, level: number | null): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIZE;
  const pen = canvas.getContext("2d");
  if (!pen) return canvas;
  const colour = alarmColour(level);
  pen.lineWidth = 4;
  pen.strokeStyle = colour ? tokens.ui.ground : tokens.ui.accent;
  pen.fillStyle = colour ?? tokens.ui.panel;
  pen.beginPath();
  if (colour) pen.roundRect(4, 8, SIZE - 12, SIZE - 12, 10);
  else pen.arc(SIZE / 2, SIZE / 2, SIZE / 2 - 5, 0, 2 * Math.PI);
  pen.fill();
  pen.stroke();
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillStyle = colour ? tokens.ui.ground : tokens.ui.text;
  pen.font = '700 32px "Noto Sans SC", "Noto Sans CJK SC", sans-serif';
  pen.fillText(glyph, colour ? SIZE / 2 - 2 : SIZE / 2, colour ? SIZE / 2 + 4 : SIZE / 2 + 2);
  if (colour && level !== null) {
    pen.fillStyle = tokens.ui.ground;
    pen.beginPath();
    pen.arc(SIZE - 14, 14, 13, 0, 2 * Math.PI);
    pen.fill();
    pen.fillStyle = colour;
    pen.font = '700 18px "Noto Sans SC", "Noto Sans CJK SC", sans-serif';
    pen.fillText(roman(level), SIZE - 14, 15);
  }
  return canvas;
}

export class Symbols {
  private readonly collection: BillboardCollection;
  private readonly boards = new Map<string, Billboard>();
  private readonly images = new Map<string, HTMLCanvasElement>();

  constructor(private readonly widget: CesiumWidget) {
    this.collection = new BillboardCollection({ scene: widget.scene });
    widget.scene.primitives.add(this.collection);
  }

  /** Draw what the store shows now. */
  update(store: FeatureStore): void {
    for (const [id, board] of this.boards) {
      if (store.enterprises.has(id)) continue;
      this.collection.remove(board);
      this.boards.delete(id);
    }
    for (const enterprise of store.enterprises.values()) this.place(enterprise, store.shows(enterprise.feature_id));
    this.widget.scene.requestRender();
  }

  private place(enterprise: Enterprise, show: boolean): void {
    const board = this.boards.get(enterprise.feature_id) ?? this.collection.add({ position: Cartesian3.ZERO, width: SHOWN, height: SHOWN });
    this.boards.set(enterprise.feature_id, board);
    const key = `${enterprise.glyph}${enterprise.alarm_level ?? ""}`;
    if (board.image !== key) {
      const image = this.images.get(key) ?? draw(enterprise.glyph, enterprise.alarm_level);
      this.images.set(key, image);
      board.setImage(key, image as unknown as HTMLImageElement);
    }
    const id: SymbolId = { enterprise: enterprise.feature_id, name: enterprise.name };
    board.id = id;
    board.show = show;
    board.position = Cartesian3.fromDegrees(enterprise.lon, enterprise.lat, enterprise.ground_m + 10);
    board.distanceDisplayCondition = new DistanceDisplayCondition(enterprise.radius_m * NEAR_RADII, FARTHEST_M);
    board.scaleByDistance = new NearFarScalar(20_000, 1, 400_000, 0.62);
    // The worst alarm lies on top of its neighbours.
    board.eyeOffset = new Cartesian3(0, 0, -100 * (5 - (enterprise.alarm_level ?? 5)));
    board.disableDepthTestDistance = Number.POSITIVE_INFINITY;
  }
}
