/** The ground the plants stand on: level terrain under each, and a plate with a measured grid. */
import {
  Cartesian3,
  CustomHeightmapTerrainProvider,
  EllipseGeometry,
  GeographicTilingScheme,
  GeometryInstance,
  Material,
  MaterialAppearance,
  Math as CesiumMath,
  Primitive,
  ShadowMode,
  type CesiumWidget,
} from "cesium";
import { groundAt, type GroundPlace } from "../core/ground";
import { cesiumColour, palette } from "./colour";

/** Samples along a terrain tile's side. */
const SAMPLES = 24;
/** The globe lies this much below the plants' ground, so that neither plate nor floors fight it for the same pixels, metres. */
const BELOW_M = 0.6;
/** The plate lies under the water of open basins that end flush with the ground, metres. */
const PLATE_BELOW_M = 0.3;
/** From this level on the blended heights have no more to show: cells of about 200 m. */
const FINEST_LEVEL = 12;
/** The land is smooth, so a tile errs far less than the engine assumes of heights in general; fewer tiles are needed by this factor. */
const SMOOTHNESS = 24;

/** A 20 m grid with every fifth line stronger, fading outward; lines thinner than a pixel fade instead of flickering. */
const GRID = `
czm_material czm_getMaterial(czm_materialInput materialInput) {
  czm_material material = czm_getDefaultMaterial(materialInput);
  vec2 metres = (materialInput.st - 0.5) * 2.0 * radius;
  float reach = length(metres) / radius;
  vec2 minor = metres / 20.0;
  vec2 major = metres / 100.0;
  vec2 minorWidth = fwidth(minor);
  vec2 majorWidth = fwidth(major);
  vec2 minorLine = 1.0 - smoothstep(vec2(0.0), minorWidth * 1.3, abs(fract(minor - 0.5) - 0.5));
  vec2 majorLine = 1.0 - smoothstep(vec2(0.0), majorWidth * 1.6, abs(fract(major - 0.5) - 0.5));
  minorLine *= 1.0 - smoothstep(0.06, 0.3, minorWidth);
  majorLine *= 1.0 - smoothstep(0.06, 0.3, majorWidth);
  float line = max(0.35 * max(minorLine.x, minorLine.y), max(majorLine.x, majorLine.y));
  float fade = 1.0 - smoothstep(0.15, 1.0, reach);
  material.diffuse = mix(plate.rgb, ink.rgb, line * 0.55);
  material.alpha = fade * mix(0.75, 0.95, line);
  return material;
}`;

/** Terrain from the known ground heights; `places` are read at request time. */
export function terrain(places: readonly GroundPlace[]): CustomHeightmapTerrainProvider {
  const scheme = new GeographicTilingScheme();
  const provider = new CustomHeightmapTerrainProvider({
    width: SAMPLES,
    height: SAMPLES,
    tilingScheme: scheme,
    callback: (x, y, level) => {
      const { west, south, east, north } = scheme.tileXYToRectangle(x, y, level);
      const heights = new Float32Array(SAMPLES * SAMPLES);
      for (let row = 0; row < SAMPLES; row += 1) {
        const lat = CesiumMath.toDegrees(CesiumMath.lerp(north, south, row / (SAMPLES - 1)));
        for (let column = 0; column < SAMPLES; column += 1) {
          const lon = CesiumMath.toDegrees(CesiumMath.lerp(west, east, column / (SAMPLES - 1)));
          heights[row * SAMPLES + column] = groundAt(lon, lat, places) - BELOW_M;
        }
      }
      return heights;
    },
  });
  const assumed = provider.getLevelMaximumGeometricError.bind(provider);
  provider.getLevelMaximumGeometricError = (level) => (level >= FINEST_LEVEL ? 0 : assumed(level) / SMOOTHNESS);
  return provider;
}

function plate(place: GroundPlace): Primitive {
  const radius = Math.max(3.2 * place.radius_m, 400);
  const geometry = new EllipseGeometry({
    center: Cartesian3.fromDegrees(place.lon, place.lat),
    semiMajorAxis: radius,
    semiMinorAxis: radius,
    height: place.ground_m - PLATE_BELOW_M,
    granularity: CesiumMath.toRadians(5),
    vertexFormat: MaterialAppearance.MaterialSupport.TEXTURED.vertexFormat,
  });
  const material = new Material({
    translucent: true,
    fabric: {
      source: GRID,
      uniforms: { radius, plate: cesiumColour(palette().ui.plate), ink: cesiumColour(palette().ui["plate-line"]) },
    },
  });
  return new Primitive({
    geometryInstances: new GeometryInstance({ geometry }),
    appearance: new MaterialAppearance({
      material,
      flat: true,
      translucent: true,
      materialSupport: MaterialAppearance.MaterialSupport.TEXTURED,
    }),
    asynchronous: false,
    allowPicking: false,
    shadows: ShadowMode.RECEIVE_ONLY,
  });
}

/** Terrain under all enterprises, and plates under those that one is near. */
export class Ground {
  private readonly plates = new Map<string, Primitive>();
  private standing: readonly GroundPlace[] = [];
  private key = "";
  private transparent = false;
  private gridded = true;
  private modelled = false;

  constructor(private readonly widget: CesiumWidget) {}

  /** Build the terrain anew where a place came, went or moved. */
  update(places: readonly GroundPlace[]): void {
    const key = JSON.stringify(places.map(keyOf));
    if (key === this.key) return;
    this.key = key;
    if (this.modelled) return;
    this.widget.scene.terrainProvider = terrain(places);
    this.widget.scene.requestRender();
  }

  /** A model of the terrain has taken the place of the level ground: plates, which would hang over its slopes, go. */
  giveWay(): void {
    this.modelled = true;
    this.showPlates();
  }

  /** Lay plates under exactly these places. */
  stand(places: readonly GroundPlace[]): void {
    const { scene } = this.widget;
    this.standing = places;
    const wanted = new Map(places.map((place) => [keyOf(place), place]));
    for (const [key, primitive] of this.plates) {
      if (wanted.has(key)) continue;
      scene.primitives.remove(primitive);
      this.plates.delete(key);
    }
    for (const [key, place] of wanted) {
      if (!this.plates.has(key)) this.plates.set(key, scene.primitives.add(plate(place), 0) as Primitive);
    }
    this.showPlates();
  }

  /** Lay the plates anew, in the worn theme. */
  redraw(): void {
    const places = this.standing;
    this.stand([]);
    this.stand(places);
  }

  /** Whether the plates with their measured grid are shown. */
  setGrid(gridded: boolean): void {
    this.gridded = gridded;
    this.showPlates();
  }

  /** Make the earth glass, so that what lies below can be seen and visited. */
  setTransparent(transparent: boolean): void {
    const { scene } = this.widget;
    const { globe } = scene;
    globe.translucency.enabled = transparent;
    globe.translucency.frontFaceAlpha = 0.25;
    globe.translucency.backFaceAlpha = 0.25;
    scene.screenSpaceCameraController.enableCollisionDetection = !transparent;
    this.transparent = transparent;
    this.showPlates();
  }

  private showPlates(): void {
    for (const primitive of this.plates.values()) primitive.show = this.gridded && !this.transparent && !this.modelled;
    this.widget.scene.requestRender();
  }
}

const keyOf = ({ lon, lat, ground_m, radius_m }: GroundPlace) => `${lon} ${lat} ${ground_m} ${radius_m}`;
