/** The map of the whole city beneath the plants: borders, rivers and protected waters as lines, monitored places by name. */
import { Cartesian3, Color, DistanceDisplayCondition, Material, Matrix4, PolylineCollection, type CesiumWidget } from "cesium";
import type { Api } from "../core/api";
import type { CityLayer } from "../core/types";
import { cesiumColour, palette } from "./colour";

/** Above the ground, so that it does not flicker with it; nobody sees that from where the lines are shown. */
const LIFT_M = 60;
/** Above terrain, whose height is known at each point of a line. */
const LIFT_OVER_TERRAIN_M = 25;
const NEAREST_M = 2500;
/** From afar the ground is drawn coarser, and errs by so much of the camera's height: lines are raised out of it. */
const RAISED_SHARE = 0.005;
/** They are raised anew where this would be so many times as much as it is, as each time they are built anew. */
const RAISED_STEP = 1.5;

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
  /** Ellipsoid height, metres; null where no terrain says it. */
  height_m: number | null;
}

type Position = [number, number, number?];
interface Line {
  type: "LineString" | "Polygon" | "MultiLineString" | "MultiPolygon";
  coordinates: unknown;
}

/** A line lies on pictures of any colour: its rim tells it from them. */
interface Look {
  width: number;
  color: Color;
  outlineColor: Color;
}

function look(kind: LineKind): Look {
  const { ui, scene } = palette();
  const rim = cesiumColour(ui["text-soft"]).withAlpha(0.6);
  switch (kind) {
    case "county":
      return { width: 3.2, color: cesiumColour(ui.panel).withAlpha(0.85), outlineColor: rim };
    case "river":
      return { width: 3.2, color: cesiumColour(ui.course).withAlpha(0.9), outlineColor: cesiumColour(ui.panel).withAlpha(0.4) };
    case "water_source":
      return { width: 3, color: cesiumColour(scene.water_source).withAlpha(0.9), outlineColor: rim };
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
  private readonly layers = new Map<LineKind, { lines: PolylineCollection; material: Material }>();
  private hidden: ReadonlySet<string> = new Set();
  private raised_m = 0;
  places: readonly CityPlace[] = [];

  constructor(
    private readonly widget: CesiumWidget,
    private readonly api: Api,
  ) {}

  /** Read and draw; without it the page is no poorer than before. */
  async draw(ground_m: number): Promise<void> {
    const lines = LINES.map(async (kind) => this.drawLines(kind, await this.api.city(kind), ground_m));
    const places = PLACES.map(async (kind) => placesOf(kind, await this.api.city(kind)));
    await Promise.all(lines);
    this.places = (await Promise.all(places)).flat();
    this.lift();
    this.paint();
  }

  /** Raise the lines over ground that is drawn as coarsely as the camera is high. */
  raise(camera_m: number): void {
    const steps = Math.round(Math.log(Math.max(1, camera_m)) / Math.log(RAISED_STEP));
    const raised_m = RAISED_SHARE * RAISED_STEP ** steps;
    if (raised_m === this.raised_m) return;
    this.raised_m = raised_m;
    this.lift();
  }

  private lift(): void {
    const up = Cartesian3.multiplyByScalar(Cartesian3.normalize(this.widget.camera.positionWC, new Cartesian3()), this.raised_m, new Cartesian3());
    for (const { lines } of this.layers.values()) lines.modelMatrix = Matrix4.fromTranslation(up);
    this.widget.scene.requestRender();
  }

  /** Show what is not switched off. */
  show(hidden: ReadonlySet<string>): void {
    this.hidden = hidden;
    this.paint();
  }

  /** Paint in the worn theme. */
  paint(): void {
    for (const [kind, { lines, material }] of this.layers) {
      const { width, ...colours } = look(kind);
      lines.show = !this.hidden.has(kind);
      Object.assign(material.uniforms as object, colours);
      for (let index = 0; index < lines.length; index += 1) lines.get(index).width = width;
    }
    this.widget.scene.requestRender();
  }

  private drawLines(kind: LineKind, layer: CityLayer, ground_m: number): void {
    const lines = new PolylineCollection();
    // One material, so that all lines of a kind are one draw command.
    const material = Material.fromType("PolylineOutline", { outlineWidth: 1 });
    for (const feature of layer.features) {
      for (const strand of strands(feature.geometry as Line)) {
        lines.add({
          positions: strand.map(([lon, lat, height]) => Cartesian3.fromDegrees(lon, lat, height === undefined ? ground_m + LIFT_M : height + LIFT_OVER_TERRAIN_M)),
          material,
          distanceDisplayCondition: new DistanceDisplayCondition(NEAREST_M, Number.POSITIVE_INFINITY),
        });
      }
    }
    this.layers.set(kind, { lines, material });
    this.widget.scene.primitives.add(lines);
  }
}

function placesOf(kind: PlaceKind, layer: CityLayer): CityPlace[] {
  return layer.features.map(({ geometry, properties }) => {
    const [lon, lat, height] = (geometry as { coordinates: Position }).coordinates;
    return { feature_id: properties.feature_id, kind, name: properties.name, lon, lat, height_m: height ?? null };
  });
}
