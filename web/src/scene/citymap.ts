/** The map of the whole city beneath the plants: counties and rivers as lines, drawn from afar. */
import { Cartesian3, DistanceDisplayCondition, Material, PolylineCollection, type CesiumWidget } from "cesium";
import type { Api } from "../core/api";
import { tokens } from "../generated/tokens";
import { cesiumColour } from "./colour";

/** Above the ground, so that it does not flicker with it; nobody sees that from where the lines are shown. */
const LIFT_M = 60;
const NEAREST_M = 2500;
const STYLES: Record<"county" | "river", { width: number; colour: string; alpha: number }> = {
  county: { width: 1.2, colour: tokens.ui["text-soft"], alpha: 0.55 },
  river: { width: 2.4, colour: tokens.scene["pipe.rain"], alpha: 0.85 },
};

type Position = [number, number];
interface Line {
  type: "LineString" | "Polygon" | "MultiLineString" | "MultiPolygon";
  coordinates: unknown;
}

function strands(geometry: Line): Position[][] {
  switch (geometry.type) {
    case "LineString":
      return [geometry.coordinates as Position[]];
    case "MultiPolygon":
      return (geometry.coordinates as Position[][][]).flat();
    default:
      return geometry.coordinates as Position[][];
  }
}

/** Draw the lines; without them the page is no poorer than before. */
export async function drawCity(widget: CesiumWidget, api: Api, ground_m: number): Promise<void> {
  const lines = new PolylineCollection();
  for (const kind of ["county", "river"] as const) {
    const { width, colour, alpha } = STYLES[kind];
    const layer = await api.city(kind);
    for (const feature of layer.features) {
      for (const strand of strands(feature.geometry as Line)) {
        lines.add({
          positions: strand.map(([lon, lat]) => Cartesian3.fromDegrees(lon, lat, ground_m + LIFT_M)),
          width,
          material: Material.fromType("Color", { color: cesiumColour(colour).withAlpha(alpha) }),
          distanceDisplayCondition: new DistanceDisplayCondition(NEAREST_M, Number.POSITIVE_INFINITY),
        });
      }
    }
  }
  widget.scene.primitives.add(lines);
  widget.scene.requestRender();
}
