/** Where one looks and what is chosen, kept in the URL's fragment so that a link shows the same picture. */
import { EVERYTHING, type Filter } from "./filter";
import { isUuid } from "./uuid";

export interface CameraView {
  lon: number;
  lat: number;
  /** Ellipsoid height, metres. */
  height_m: number;
  heading_deg: number;
  pitch_deg: number;
}

export interface Place {
  camera: CameraView | null;
  selected: string | null;
  underground: boolean;
  filter: Filter;
}

const DIGITS: [keyof CameraView, number][] = [
  ["lon", 6],
  ["lat", 6],
  ["height_m", 1],
  ["heading_deg", 1],
  ["pitch_deg", 1],
];

/** `#@107.500000,31.200000,420.0,0.0,-35.0&sel=<uuid>&under=1&county=511703&industry=…&level=1&q=…`; empty without anything to say. */
export function writePlace(place: Place): string {
  const pieces: string[] = [];
  const camera = place.camera;
  if (camera) pieces.push(`@${DIGITS.map(([key, digits]) => camera[key].toFixed(digits)).join(",")}`);
  if (place.selected) pieces.push(`sel=${place.selected}`);
  if (place.underground) pieces.push("under=1");
  const { county, industry, level, text } = place.filter;
  const said = { county, industry, level, q: text.trim() || null };
  for (const [key, value] of Object.entries(said)) if (value !== null) pieces.push(`${key}=${encodeURIComponent(value)}`);
  return pieces.length ? `#${pieces.join("&")}` : "";
}

function readCamera(text: string): CameraView | null {
  const numbers = text.split(",").map(Number);
  const [lon, lat, height_m, heading_deg, pitch_deg] = numbers as [number, number, number, number, number];
  if (numbers.length !== DIGITS.length || !numbers.every(Number.isFinite)) return null;
  if (Math.abs(lon) > 180 || Math.abs(lat) > 90 || Math.abs(pitch_deg) > 90) return null;
  return { lon, lat, height_m, heading_deg, pitch_deg };
}

const LONGEST = 100;

function readFilter(piece: string, filter: Filter): void {
  const [key, raw] = piece.split("=", 2) as [string, string | undefined];
  let value: string;
  try {
    value = decodeURIComponent(raw ?? "").slice(0, LONGEST);
  } catch {
    return;
  }
  if (!value) return;
  if (key === "county" || key === "industry") filter[key] = value;
  else if (key === "q") filter.text = value;
  else if (key === "level" && /^[0-4]$/.test(value)) filter.level = Number(value);
}

/** Read what `writePlace` wrote; anything malformed is ignored, never an error. */
export function readPlace(hash: string): Place {
  const place: Place = { camera: null, selected: null, underground: false, filter: { ...EVERYTHING } };
  for (const piece of hash.replace(/^#/, "").split("&")) {
    if (piece.startsWith("@")) place.camera = readCamera(piece.slice(1));
    else if (piece.startsWith("sel=") && isUuid(piece.slice(4))) place.selected = piece.slice(4).toLowerCase();
    else if (piece === "under=1") place.underground = true;
    else readFilter(piece, place.filter);
  }
  return place;
}
