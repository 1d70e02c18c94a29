/** Where the processor computes the pixels: a quarter of them while things move or load, all of them once they stand. */
import type { CesiumWidget } from "cesium";

/** Share of the page's pixels along a side while something moves. */
const MOVING = 0.5;

export class Sharpness {
  private moving = false;

  constructor(private readonly widget: CesiumWidget) {
    const { camera } = widget;
    camera.moveStart.addEventListener(() => this.move(true));
    camera.moveEnd.addEventListener(() => this.move(false));
    this.soften();
  }

  /** Draw a quarter from the next frame on; the engine tells of a movement only after it has drawn it. */
  soften(): void {
    this.widget.resolutionScale = MOVING;
  }

  /** Draw all pixels where everything is there and nothing moves. */
  settle(complete: boolean): void {
    if (!complete || this.moving || this.widget.resolutionScale === 1) return;
    this.widget.resolutionScale = 1;
    this.widget.scene.requestRender();
  }

  private move(moving: boolean): void {
    this.moving = moving;
    if (moving) this.soften();
  }
}
