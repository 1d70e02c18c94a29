/** The same place in the panorama and on the map: one fragment of the address for both. */
import type { CameraView } from "../core/url";

export interface MapView {
  lon: number;
  lat: number;
  zoom: number;
}

const EARTH_M = 40_075_016.686;
const METRES_A_DEGREE = 111_320;
/** Pixels of a tile of the map. */
const TILE = 512;
/** Half of what the panorama sees upright. */
const HALF_ANGLE = Math.PI / 6;
const PITCH_DEG = -50;
const rad = (degrees: number) => (degrees * Math.PI) / 180;

/** Metres of a pixel. */
export function metresAPixel({ lat, zoom }: Pick<MapView, "lat" | "zoom">): number {
  return (EARTH_M * Math.cos(rad(lat))) / (TILE * 2 ** zoom);
}

/** What a camera looks at, drawn so large as it sees it in a window of this height. */
export function viewOf(camera: CameraView, height_px: number): MapView {
  const pitch = Math.min(-15, Math.max(-90, camera.pitch_deg));
  const ahead = camera.height_m / Math.tan(rad(-pitch));
  const lat = camera.lat + (ahead * Math.cos(rad(camera.heading_deg))) / METRES_A_DEGREE;
  const lon = camera.lon + (ahead * Math.sin(rad(camera.heading_deg))) / (METRES_A_DEGREE * Math.cos(rad(camera.lat)));
  const away = camera.height_m / Math.sin(rad(-pitch));
  const metres = (2 * away * Math.tan(HALF_ANGLE)) / height_px;
  const zoom = Math.log2((EARTH_M * Math.cos(rad(lat))) / (TILE * Math.max(metres, 1e-3)));
  return { lon, lat, zoom: Math.min(22, Math.max(3, zoom)) };
}

/** A camera that looks down aslant from the south at what a map shows. */
export function cameraOf(view: MapView, height_px: number): CameraView {
  const away = (metresAPixel(view) * height_px) / (2 * Math.tan(HALF_ANGLE));
  const height_m = away * Math.sin(rad(-PITCH_DEG));
  const back = away * Math.cos(rad(-PITCH_DEG));
  return { lon: view.lon, lat: view.lat - back / METRES_A_DEGREE, height_m, heading_deg: 0, pitch_deg: PITCH_DEG };
}
