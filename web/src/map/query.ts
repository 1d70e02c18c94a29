/** Questions to the map server's collections. */
import { ApiError } from "../core/api";
import { inside } from "./cql";
import type { LonLat } from "./geodesy";

export interface Found {
  feature_id: string;
  name: string;
  code: string | null;
  alarm_level: number | null;
  lon: number;
  lat: number;
}

export interface Answer {
  kind: string;
  /** What was asked of it. */
  cql: string;
  matched: number;
  features: Found[];
}

interface Items {
  numberMatched?: number;
  features: { id: string; geometry: { coordinates: unknown } | null; properties: Record<string, unknown> }[];
}

/** The first corner of a shape. */
function corner(coordinates: unknown): [number, number] {
  let at = coordinates;
  while (Array.isArray(at) && Array.isArray(at[0])) at = at[0];
  const [lon, lat] = at as [number, number];
  return [lon, lat];
}

async function ask<T>(path: string): Promise<T> {
  const response = await fetch(path, { headers: { Accept: "application/geo+json, application/json" } }).catch((cause: unknown) => {
    throw new ApiError(0, "network", cause instanceof Error ? cause.message : String(cause));
  });
  const body = (await response.json().catch(() => ({}))) as { title?: string; detail?: string };
  if (!response.ok) throw new ApiError(response.status, body.title ?? response.statusText, body.detail ?? "");
  return body as T;
}

/** Features of a kind that meet a CQL2 condition, the first `limit` of them. */
export async function items(kind: string, cql: string, at: string | null, limit: number): Promise<Answer> {
  const said = new URLSearchParams({ limit: String(limit), filter: cql, "filter-lang": "cql2-text" });
  if (at) said.set("datetime", at);
  const page = await ask<Items>(`/collections/${kind}/items?${said}`);
  const features = page.features.flatMap(({ id, geometry, properties }) => {
    if (!geometry) return [];
    const [lon, lat] = corner(geometry.coordinates);
    const text = (value: unknown) => (typeof value === "string" && value ? value : null);
    const level = properties.alarm_level;
    return [{ feature_id: id, name: text(properties.name) ?? "", code: text(properties.code), alarm_level: typeof level === "number" ? level : null, lon, lat }];
  });
  return { kind, cql, matched: page.numberMatched ?? features.length, features };
}

/** Files that an answer may be written to, as people call them, in the order of the buttons. */
export const FILES = [
  ["xlsx", "Excel"],
  ["gpkg", "GeoPackage"],
  ["shp", "Shapefile"],
  ["dxf", "DXF"],
  ["pdf", "PDF 地图"],
] as const;
const MOST_IN_A_FILE = 10_000;

/** Where an answer is as a file. */
export function fileOf(kinds: readonly string[], cql: string, form: string): string {
  return `/api/queries/select?${new URLSearchParams({ kind: kinds.join(","), filter: cql, limit: String(MOST_IN_A_FILE), f: form, ...(form === "pdf" ? { paper: "A3" } : {}) })}`;
}

/** Questions that are under way at once. */
const ABREAST = 4;

/** What of each kind meets a closed ring; kinds of which nothing does are left out. */
export async function within(kinds: readonly string[], ring: readonly LonLat[], at: string | null, limit: number): Promise<Answer[]> {
  const condition = inside(ring);
  const answers = new Map<string, Answer>();
  const waiting = [...kinds];
  const work = async (): Promise<void> => {
    for (let kind = waiting.shift(); kind !== undefined; kind = waiting.shift()) answers.set(kind, await items(kind, condition, at, limit));
  };
  await Promise.all(Array.from({ length: ABREAST }, work));
  return kinds.flatMap((kind) => answers.get(kind) ?? []).filter((answer) => answer.matched > 0);
}

/** The first instant of which the store knows, milliseconds; null where nobody says. */
export async function beginning(): Promise<number | null> {
  interface Described {
    extent?: { temporal?: { interval?: (string | null)[][] } };
  }
  try {
    const { extent } = await ask<Described>("/collections/enterprise");
    const first = Date.parse(extent?.temporal?.interval?.[0]?.[0] ?? "");
    return Number.isNaN(first) ? null : first;
  } catch (error) {
    if (error instanceof ApiError) return null;
    throw error;
  }
}
