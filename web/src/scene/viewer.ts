/** The engine, set up once: offline, rendering on demand, in the colours of the page. */
import {
  buildModuleUrl,
  Cartesian3,
  CesiumWidget,
  Credit,
  CreditDisplay,
  DirectionalLight,
  ImageryLayer,
  Ion,
  Matrix4,
  ShadowMode,
  TileMapServiceImageryProvider,
  Transforms,
} from "cesium";
import type { Theme } from "../core/theme";
import { cesiumColour, palette } from "./colour";

/** Where the light stands as seen from the ground: azimuth from north, height above the horizon, degrees. */
const SUN = { azimuth_deg: 238, elevation_deg: 44 };

/** The base map under each theme: a dark one that lets the data shine, a pale one like paper. */
const BASE_MAP: Record<Theme, { brightness: number; contrast: number; saturation: number; sky: number }> = {
  dark: { brightness: 0.5, contrast: 1.1, saturation: 0.12, sky: -0.35 },
  light: { brightness: 1.75, contrast: 0.6, saturation: 0.18, sky: 0.15 },
};

/** Longitude, latitude, height in metres. */
const COUNTRY: [number, number, number] = [105, 34, 14_000_000];
/** Shadows are drawn within this distance: as far as a plant fills the picture, so that the shadow map's cells stay small. */
const SHADOW_REACH_M = 1800;
/** The engine's own bias is made for models a few metres long; on long flat roofs it leaves stripes. */
const SHADOW_BIAS = { depthBias: 0.0004, normalOffsetScale: 1.2, normalShadingSmooth: 0.1 };

/** Where the processor computes the pixels, the ground may err by so many of them. */
const COARSE_PX = 4;

export interface Viewer {
  widget: CesiumWidget;
  imagery: ImageryLayer;
  software: boolean;
}

/**
 * Create the engine in `container`; its credit line goes into `credits`. It draws nothing before `start`.
 *
 * Where pixels are computed by the processor (`software`) shadows, multisampling, the sky's glow and sorted transparency are left out.
 */
export function createViewer(container: Element, credits: Element, credit: string, software: boolean): Viewer {
  (buildModuleUrl as typeof buildModuleUrl & { setBaseUrl(url: string): void }).setBaseUrl("/cesium/");
  Ion.defaultAccessToken = "";
  // The default credit is the logo of a hosted service that is not used here; the engine and the map are named instead.
  (CreditDisplay as unknown as { cesiumCredit: Credit }).cesiumCredit = new Credit(credit, true);
  const imagery = ImageryLayer.fromProviderAsync(
    TileMapServiceImageryProvider.fromUrl(buildModuleUrl("Assets/Textures/NaturalEarthII"), { fileExtension: "jpg" }),
    {},
  );
  const widget = new CesiumWidget(container, {
    baseLayer: imagery,
    skyBox: false,
    ...(software ? { skyAtmosphere: false as const } : {}),
    orderIndependentTranslucency: !software,
    // What one would see of the country before the enterprises are known costs more than it tells.
    useDefaultRenderLoop: false,
    requestRenderMode: true,
    maximumRenderTimeChange: Number.POSITIVE_INFINITY,
    scene3DOnly: true,
    msaaSamples: software ? 1 : 4,
    useBrowserRecommendedResolution: software,
    shadows: !software,
    terrainShadows: ShadowMode.RECEIVE_ONLY,
    creditContainer: credits,
    showRenderLoopErrors: false,
    contextOptions: { webgl: { preserveDrawingBuffer: false, powerPreference: "high-performance" } },
  });
  // Depth under the pointer costs a pass over all pixels in each frame; the ground alone is asked instead.
  widget.scene.useDepthPicking = !software;
  setUp(widget);
  if (software) {
    // Ground that is half as sharp is a quarter of the tiles, and of the frames until all of them stand.
    widget.scene.globe.maximumScreenSpaceError = COARSE_PX;
    widget.scene.globe.preloadAncestors = false;
  }
  return { widget, imagery, software };
}

/** Paint sky, globe and base map in the worn theme. */
export function dress({ widget, imagery }: Viewer, theme: Theme): void {
  const { scene } = widget;
  const { ui } = palette();
  const { brightness, contrast, saturation, sky } = BASE_MAP[theme];
  scene.backgroundColor = cesiumColour(ui.ground);
  scene.globe.baseColor = cesiumColour(ui.globe);
  scene.globe.undergroundColor = cesiumColour(ui.ground);
  Object.assign(imagery, { brightness, contrast, saturation });
  if (scene.skyAtmosphere) {
    scene.skyAtmosphere.brightnessShift = sky;
    scene.skyAtmosphere.saturationShift = -0.25;
  }
  scene.requestRender();
}

function setUp(widget: CesiumWidget): void {
  const { scene } = widget;
  const { globe } = scene;
  scene.highDynamicRange = false;
  globe.depthTestAgainstTerrain = true;
  globe.showGroundAtmosphere = false;
  globe.showWaterEffect = false;
  globe.tileCacheSize = 200;
  scene.fog.enabled = false;
  scene.shadowMap.softShadows = true;
  scene.shadowMap.size = 2048;
  scene.shadowMap.darkness = 0.5;
  scene.shadowMap.maximumDistance = SHADOW_REACH_M;
  Object.assign((scene.shadowMap as unknown as { _primitiveBias: object })._primitiveBias, SHADOW_BIAS);
  // Until an enterprise is known one looks at the country.
  widget.camera.setView({ destination: Cartesian3.fromDegrees(...COUNTRY) });
  const controller = scene.screenSpaceCameraController;
  controller.minimumZoomDistance = 8;
  controller.maximumZoomDistance = 20_000_000;
}

/** Stand the light in the same place of the sky over `position`, whatever the hour. */
export function lightFrom(widget: CesiumWidget, position: Cartesian3): void {
  const azimuth = (SUN.azimuth_deg * Math.PI) / 180;
  const elevation = (SUN.elevation_deg * Math.PI) / 180;
  const towards = new Cartesian3(
    -Math.sin(azimuth) * Math.cos(elevation),
    -Math.cos(azimuth) * Math.cos(elevation),
    -Math.sin(elevation),
  );
  const frame = Transforms.eastNorthUpToFixedFrame(position);
  const direction = Cartesian3.normalize(Matrix4.multiplyByPointAsVector(frame, towards, new Cartesian3()), new Cartesian3());
  widget.scene.light = new DirectionalLight({ direction, intensity: 2.7 });
}
