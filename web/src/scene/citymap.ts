/** The map of the whole city beneath the plants: borders, rivers and protected waters as lines, monitored places by name. */
import { Cartesian3, Color, DistanceDisplayCondition, Material, PolylineCollection, type CesiumWidget } from "cesium";
import type { Api } from "../core/api";
import { cesiumColour, palette } from "./colour";

/** Above the ground, so that it does not flicker with it; nobody sees that from where the lines are shown. */
const LIFT_M = 60;
const NEAREST_M = 2500;

const LINES = ["county", "river", "water_source"] as const;
const PLACES = ["air_station", "water_station"] as const;
type LineKind = (typeof LINES)[number];
type PlaceKind = (typeof PLACES)[number];

/** A monitored place that belongs to no enterprise. */
export interface CityPlace {
  feature_id: string;
  kind: PlaceKind;
  name: string;
  lon: number;
  lat: number;
}

type Position = [number, number];
interface Line {
  type: "LineString" | "Polygon" | "MultiLineString" | "MultiPolygon";
  coordinates: unknown;
}

function look(kind: LineKind): { width: number; colour: Color } {
  const { ui, scene } = palette();
  switch (kind) {
    case "county":
      return { width: 1.2, colour: cesiumColour(ui["text-soft"]).withAlpha(0.55) };
    case "river":
      return { width: 2.4, colour: cesiumColour(ui.course).withAlpha(0.85) };
    case "water_source":
      return { width: 1.6, colour: cesiumColour(scene.water_source).withAlpha(0.9) };
  }
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

export class CityMap {
  private readonly lines = new Map<LineKind, PolylineCollection>();
  private hidden: ReadonlySet<string> = new Set();
  places: readonly CityPlace[] = [];

  constructor(
    private readonly widget: CesiumWidget,
    private readonly api: Api,
  ) {}

  /** Read and draw; without it the page is no poorer than before. */
  async draw(ground_m: number): Promise<void> {
    for (const kind of LINES) {
      const layer = await this.api.city(kind);
      const lines = new PolylineCollection();
      for (const feature of layer.features) {
        for (const strand of strands(feature.geometry as Line)) {
          lines.add({
            positions: strand.map(([lon, lat]) => Cartesian3.fromDegrees(lon, lat, ground_m + LIFT_M)),
            material: Material.fromType("Color"),
            distanceDisplayCondition: new DistanceDisplayCondition(NEAREST_M, Number.POSITIVE_INFINITY),
          });
        }
      }
      this.lines.set(kind, lines);
      this.widget.scene.primitives.add(lines);
    }
    const answers = await Promise.all(PLACES.map(async (kind) => ({ kind, layer: await this.api.city(kind) })));
    this.places = answers.flatMap(({ kind, layer }) =>
      layer.features.map(({ geometry, properties }) => {
        const [lon, lat] = (geometry as { coordinates: Position }).coordinates;
        return { feature_id: properties.feature_id, kind, name: properties.name, lon, lat };
      }),
    );
    this.paint();
  }

  /** Show what is not switched off. */
  show(hidden: ReadonlySet<string>): void {
    this.hidden = hidden;
    this.paint();
  }

  /** Paint in the worn theme. */
  paint(): void {
    for (const [kind, lines] of this.lines) {
      const { width, colour } = look(kind);
      lines.show = !this.hidden.has(kind);
      for (let index = 0; index < lines.length; index += 1) {
        const line = lines.get(index);
        line.width = width;
        (line.material.uniforms as { color: Color }).color = colour;
      }
    }
    this.widget.scene.requestRender();
  }
}
