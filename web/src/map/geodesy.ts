/** Lengths, areas and circles on the ellipsoid (Karney 2013), in metres of WGS 84, which CGCS2000 equals to a tenth of a millimetre. */
import { Geodesic } from "geographiclib-geodesic";

export type LonLat = readonly [lon: number, lat: number];

const { WGS84 } = Geodesic;
const CORNERS = 72;

/** Metres from one point to another. */
export function distance([lon1, lat1]: LonLat, [lon2, lat2]: LonLat): number {
  return WGS84.Inverse(lat1, lon1, lat2, lon2, Geodesic.DISTANCE).s12 ?? 0;
}

/** Metres along a line. */
export function length(line: readonly LonLat[]): number {
  return line.slice(1).reduce((sum, point, at) => sum + distance(line[at]!, point), 0);
}

/** Square metres and metres around of a ring that need not be closed; the way its corners run makes no difference. */
export function area(ring: readonly LonLat[]): { area_m2: number; around_m: number } {
  const polygon = WGS84.Polygon(false);
  for (const [lon, lat] of ring) polygon.AddPoint(lat, lon);
  const { area: found, perimeter } = polygon.Compute(false, true);
  return { area_m2: Math.abs(found ?? 0), around_m: perimeter };
}

/** A closed ring of points at a distance in metres. */
export function circle([lon, lat]: LonLat, radius_m: number): LonLat[] {
  const ring = Array.from({ length: CORNERS }, (_, at) => {
    const end = WGS84.Direct(lat, lon, (at * 360) / CORNERS, radius_m);
    return [end.lon2 ?? lon, end.lat2 ?? lat] as const;
  });
  return [...ring, ring[0]!];
}

const figure = (value: number, digits: number) => new Intl.NumberFormat("zh-CN", { maximumFractionDigits: digits }).format(value);

/** `836 m`, `1.24 km`. */
export function metres(value: number): string {
  return value < 1000 ? `${figure(value, value < 100 ? 1 : 0)} m` : `${figure(value / 1000, value < 10_000 ? 2 : 1)} km`;
}

/** `836 m²`, `1.24 公顷`, `3.1 km²`. */
export function squareMetres(value: number): string {
  if (value < 10_000) return `${figure(value, value < 100 ? 1 : 0)} m²`;
  return value < 1_000_000 ? `${figure(value / 10_000, 2)} 公顷` : `${figure(value / 1_000_000, 2)} km²`;
}
