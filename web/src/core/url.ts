/** Where one looks and what is chosen, kept in the URL's fragment so that a link shows the same picture. */
import { EVERYTHING, type Filter } from "./filter";
import { themeOf, type Theme } from "./theme";
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
  /** The enterprise whose features are listed. */
  chosen: string | null;
  underground: boolean;
  filter: Filter;
  /** Layers that are switched off. */
  hidden: ReadonlySet<string>;
  /** Null where the page follows the system. */
  theme: Theme | null;
}

const DIGITS: [keyof CameraView, number][] = [
  ["lon", 6],
  ["lat", 6],
  ["height_m", 1],
  ["heading_deg", 1],
  ["pitch_deg", 1],
];

/** `#@107.500000,31.200000,420.0,0.0,-35.0&sel=<uuid>&in=<uuid>&under=1&county=511703&industry=…&level=1&q=…&off=pipe,road&theme=light`; empty without anything to say. */
export function writePlace(place: Place): string {
  const pieces: string[] = [];
  const camera = place.camera;
  if (camera) pieces.push(`@${DIGITS.map(([key, digits]) => camera[key].toFixed(digits)).join(",")}`);
  if (place.selected) pieces.push(`sel=${place.selected}`);
  if (place.chosen) pieces.push(`in=${place.chosen}`);
  if (place.underground) pieces.push("under=1");
  const { county, industry, level, text } = place.filter;
  const said = { county, industry, level, q: text.trim() || null };
  for (const [key, value] of Object.entries(said)) if (value !== null) pieces.push(`${key}=${encodeURIComponent(value)}`);
  if (place.hidden.size) pieces.push(`off=${[...place.hidden].sort().join(",")}`);
  if (place.theme) pieces.push(`theme=${place.theme}`);
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

/** More names than there are layers, or longer ones, are no layers. */
const MOST_LAYERS = 64;
const LAYER = /^[a-z0-9_]{1,40}$/;

/** Read what `writePlace` wrote; anything malformed is ignored, never an error. */
export function readPlace(hash: string): Place {
  const place: Place = { camera: null, selected: null, chosen: null, underground: false, filter: { ...EVERYTHING }, hidden: new Set(), theme: themeOf(hash) };
  for (const piece of hash.replace(/^#/, "").split("&")) {
    if (piece.startsWith("@")) place.camera = readCamera(piece.slice(1));
    else if (piece.startsWith("sel=") && isUuid(piece.slice(4))) place.selected = piece.slice(4).toLowerCase();
    else if (piece.startsWith("in=") && isUuid(piece.slice(3))) place.chosen = piece.slice(3).toLowerCase();
    else if (piece === "under=1") place.underground = true;
    else if (piece.startsWith("off=")) place.hidden = new Set(piece.slice(4).split(",").filter((name) => LAYER.test(name)).slice(0, MOST_LAYERS));
    else readFilter(piece, place.filter);
  }
  return place;
}
