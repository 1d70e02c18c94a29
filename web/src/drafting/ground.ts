/** Longitude and latitude to the drawing's metres: EPSG:4545 (CGCS2000, Gauss-Krüger, central meridian 108°E, false easting 500 km). */

const A = 6378137;
const F = 1 / 298.257222101;
const LON0 = 108;
const EAST0 = 500000;

const N = F / (2 - F);
/** Radius of the sphere whose meridian is as long (Karney 2011, eq. 14). */
const RADIUS = (A / (1 + N)) * (1 + N ** 2 / 4 + N ** 4 / 64);
/** Krüger's series to the third order: below a millimetre within the zone (Karney 2011, eq. 35). */
const ALPHA = [N / 2 - (2 * N ** 2) / 3 + (5 * N ** 3) / 16, (13 * N ** 2) / 48 - (3 * N ** 3) / 5, (61 * N ** 3) / 240];

/** Easting and northing, metres, of degrees (EPSG:4490). */
export function eastNorth(lon: number, lat: number): [east: number, north: number] {
  const e = Math.sqrt(F * (2 - F));
  const phi = (lat * Math.PI) / 180;
  const lambda = ((lon - LON0) * Math.PI) / 180;
  const tau = Math.tan(phi);
  const sigma = Math.sinh(e * Math.atanh((e * tau) / Math.hypot(1, tau)));
  const conformal = tau * Math.hypot(1, sigma) - sigma * Math.hypot(1, tau);
  const xi = Math.atan2(conformal, Math.cos(lambda));
  const eta = Math.asinh(Math.sin(lambda) / Math.hypot(conformal, Math.cos(lambda)));
  let [north, east] = [xi, eta];
  ALPHA.forEach((alpha, at) => {
    const k = 2 * (at + 1);
    north += alpha * Math.sin(k * xi) * Math.cosh(k * eta);
    east += alpha * Math.cos(k * xi) * Math.sinh(k * eta);
  });
  return [EAST0 + RADIUS * east, RADIUS * north];
}
