/** The lie of the land until a terrain model is there: each enterprise stands on its own level ground, and the land between is blended. */

export interface GroundPlace {
  lon: number;
  lat: number;
  /** Ellipsoid height, metres. */
  ground_m: number;
  radius_m: number;
}

/** Metres a degree of latitude. */
const METRES_A_DEGREE = 111_320;
/** The known heights fade to the ellipsoid between these distances, metres. */
const NEAR_M = 80_000;
const FAR_M = 400_000;

/** Ellipsoid height in metres at a position in degrees: level within 4 radii of a place, weighted by inverse square distance between them. */
export function groundAt(lon: number, lat: number, places: readonly GroundPlace[]): number {
  let weights = 0;
  let heights = 0;
  let nearest = Number.POSITIVE_INFINITY;
  // A place near enough to count lies on about the same parallel.
  const eastward = METRES_A_DEGREE * Math.cos((lat * Math.PI) / 180);
  for (const place of places) {
    const east = (lon - place.lon) * eastward;
    const north = (lat - place.lat) * METRES_A_DEGREE;
    const beyond = Math.sqrt(east * east + north * north) - Math.max(4 * place.radius_m, 600);
    if (beyond <= 0) return place.ground_m;
    nearest = Math.min(nearest, beyond);
    const weight = 1 / (beyond * beyond);
    weights += weight;
    heights += weight * place.ground_m;
  }
  if (weights === 0) return 0;
  const t = Math.min(1, Math.max(0, (nearest - NEAR_M) / (FAR_M - NEAR_M)));
  return (heights / weights) * (1 - t * t * (3 - 2 * t));
}
