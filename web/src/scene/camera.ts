/** Where the camera stands: framing places, flights, and the view as numbers. */
import { Cartesian2, Cartesian3, Cartographic, Math as CesiumMath, Matrix4, PerspectiveFrustum, Transforms, type CesiumWidget } from "cesium";
import type { GroundPlace } from "../core/ground";
import type { CameraView } from "../core/url";

/** What the panels cover, CSS pixels. */
export interface Insets {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

export interface Target {
  position: Cartesian3;
  radius_m: number;
  heading_deg: number;
  pitch_deg: number;
}

/** A plant is looked at from one side, so that walls and roofs are told apart; a region as maps are, with north up. */
export const ASIDE_DEG = 24;
const REGION_M = 60_000;
const PORTRAIT_PITCH_DEG = -48;
const FLIGHT_S = 1.1;
/** Symbols at the edge of a place, moved aside from each other, reach beyond it, CSS pixels. */
const MARGIN_PX = 32;

/** A flight of a few frames a second shows nobody the way. */
const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches || document.documentElement.dataset.drawing === "software";

/** The view of one place, or of all of them: oblique for a plant, steeper for a region. */
export function targetOf(places: readonly GroundPlace[]): Target | null {
  const points = places.map((place) => Cartesian3.fromDegrees(place.lon, place.lat, place.ground_m));
  if (points.length === 0) return null;
  const lons = places.map((place) => place.lon);
  const lats = places.map((place) => place.lat);
  const middle = (values: number[]) => (Math.min(...values) + Math.max(...values)) / 2;
  const height = places.reduce((sum, place) => sum + place.ground_m, 0) / places.length;
  const position = Cartesian3.fromDegrees(middle(lons), middle(lats), height);
  const radius_m = Math.max(...points.map((point, index) => Cartesian3.distance(point, position) + (places[index]?.radius_m ?? 0)));
  const region = radius_m > REGION_M;
  return { position, radius_m, heading_deg: region ? 0 : ASIDE_DEG, pitch_deg: region ? -76 : -35 };
}

/** Camera position and axes that bring `target` into the part of the canvas that no panel covers. */
function frame(widget: CesiumWidget, target: Target, insets: Insets) {
  const { clientWidth: width, clientHeight: height } = widget.canvas;
  const frustum = widget.camera.frustum as PerspectiveFrustum;
  const vertical = Math.tan((frustum.fovy ?? CesiumMath.PI_OVER_THREE) / 2);
  const horizontal = (vertical * width) / height;
  const freeWidth = Math.max(0.4, (width - insets.left - insets.right - 2 * MARGIN_PX) / width);
  const freeHeight = Math.max(0.4, (height - insets.top - insets.bottom - 2 * MARGIN_PX) / height);
  // A tall picture has room for a steeper look, which shows more of the ground.
  const pitch = CesiumMath.toRadians(width < height ? Math.min(target.pitch_deg, PORTRAIT_PITCH_DEG) : target.pitch_deg);
  const heading = CesiumMath.toRadians(target.heading_deg);
  const range = Math.max(
    target.radius_m / (horizontal * freeWidth),
    (target.radius_m * (Math.sin(-pitch) + 0.25)) / (vertical * freeHeight),
    40,
  );
  const direction = new Cartesian3(Math.sin(heading) * Math.cos(pitch), Math.cos(heading) * Math.cos(pitch), Math.sin(pitch));
  const right = new Cartesian3(Math.cos(heading), -Math.sin(heading), 0);
  const up = Cartesian3.cross(right, direction, new Cartesian3());
  const metresPerPixel = (2 * range * vertical) / height;
  const offset = Cartesian3.multiplyByScalar(direction, -range, new Cartesian3());
  const shift = (axis: Cartesian3, pixels: number) =>
    Cartesian3.add(offset, Cartesian3.multiplyByScalar(axis, pixels * metresPerPixel, new Cartesian3()), offset);
  shift(right, (insets.right - insets.left) / 2);
  shift(up, (insets.top - insets.bottom) / 2);
  const enu = Transforms.eastNorthUpToFixedFrame(target.position);
  const world = (vector: Cartesian3) => Matrix4.multiplyByPointAsVector(enu, vector, new Cartesian3());
  return {
    destination: Matrix4.multiplyByPoint(enu, offset, new Cartesian3()),
    orientation: { direction: world(direction), up: world(up) },
  };
}

export function look(widget: CesiumWidget, target: Target, insets: Insets, flight: boolean): void {
  const view = frame(widget, target, insets);
  if (flight && !still()) widget.camera.flyTo({ ...view, duration: FLIGHT_S });
  else widget.camera.setView(view);
  widget.scene.requestRender();
}

export function readView(widget: CesiumWidget): CameraView {
  const { positionCartographic: at, heading, pitch } = widget.camera;
  return {
    lon: CesiumMath.toDegrees(at.longitude),
    lat: CesiumMath.toDegrees(at.latitude),
    height_m: at.height,
    heading_deg: CesiumMath.toDegrees(heading) % 360,
    pitch_deg: CesiumMath.toDegrees(pitch),
  };
}

export function applyView(widget: CesiumWidget, view: CameraView): void {
  widget.camera.setView({
    destination: Cartesian3.fromDegrees(view.lon, view.lat, view.height_m),
    orientation: { heading: CesiumMath.toRadians(view.heading_deg), pitch: CesiumMath.toRadians(view.pitch_deg), roll: 0 },
  });
  widget.scene.requestRender();
}

/** The ground point in the middle of the picture, or null above the horizon. */
export function focus(widget: CesiumWidget): Cartesian3 | null {
  const { clientWidth, clientHeight } = widget.canvas;
  const ray = widget.camera.getPickRay(new Cartesian2(clientWidth / 2, clientHeight / 2));
  return (ray && widget.scene.globe.pick(ray, widget.scene)) ?? null;
}

/** Move towards the middle of the picture by a share of the distance; a negative share moves away. */
export function zoom(widget: CesiumWidget, share: number): void {
  const { camera, scene } = widget;
  const middle = focus(widget);
  const distance = middle ? Cartesian3.distance(middle, camera.positionWC) : Cartographic.fromCartesian(camera.positionWC).height;
  camera.moveForward(distance * share);
  scene.requestRender();
}

/** Turn around the middle of the picture until north is up. */
export function faceNorth(widget: CesiumWidget): void {
  const { camera, scene } = widget;
  const middle = focus(widget);
  if (!middle) return;
  const range = Cartesian3.distance(middle, camera.positionWC);
  const { pitch } = camera;
  const direction = new Cartesian3(0, Math.cos(pitch), Math.sin(pitch));
  const enu = Transforms.eastNorthUpToFixedFrame(middle);
  const offset = Cartesian3.multiplyByScalar(direction, -range, new Cartesian3());
  const view = {
    destination: Matrix4.multiplyByPoint(enu, offset, new Cartesian3()),
    orientation: { heading: 0, pitch, roll: 0 },
  };
  if (still()) camera.setView(view);
  else camera.flyTo({ ...view, duration: FLIGHT_S / 2 });
  scene.requestRender();
}
