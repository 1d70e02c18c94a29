/** The panorama: binds the store to the engine, in both directions. */
import { BoundingSphere, Cartesian2, Cartesian3, Intersect, SceneTransforms, ScreenSpaceEventHandler, ScreenSpaceEventType } from "cesium";
import { ApiError, type Api } from "../core/api";
import { shownMap } from "../core/layers";
import type { Session } from "../core/session";
import type { Change, FeatureStore } from "../core/store";
import type { Enterprise, TilesetPointer } from "../core/types";
import type { ThemeSwitch } from "../core/theme";
import { readPlace, writePlace } from "../core/url";
import { applyView, ASIDE_DEG, faceNorth, look, readView, targetOf, zoom, type Insets, type Target } from "./camera";
import { alarmColour, cesiumColour, palette, sceneColour, wear } from "./colour";
import { Delivered } from "./delivered";
import { Ground } from "./ground";
import { positionOf } from "./hook";
import { Landscape } from "./land";
import { Labels } from "./labels";
import { isBuried, labelsOf } from "./labelling";
import { CityMap } from "./citymap";
import { pickFeature, type Picked } from "./pick";
import { within, type Box } from "../core/placing";
import { Sharpness } from "./sharpness";
import { Symbols } from "./symbols";
import { CITY, Tilesets, type Paint } from "./tilesets";
import { createViewer, dress, lightFrom, type Viewer } from "./viewer";

export interface SceneStatus {
  /** List, symbols, ground and lines stand and answer clicks, and the massing of what is near. */
  useful: boolean;
  /** And so does every model in view. */
  ready: boolean;
  /** 0 … 1 */
  progress: number;
  versions: Record<string, string>;
  /** Enterprises of which something could not be read; it is tried again. */
  failing: number;
  /** The engine draws no more. */
  stopped: boolean;
}

export interface SceneElements {
  container: HTMLElement;
  labels: HTMLElement;
  credits: HTMLElement;
}

/** How it is drawn. */
export interface SceneLook {
  theme: ThemeSwitch;
  /** The processor computes the pixels. */
  software: boolean;
  /** What is drawn with, named in the corner. */
  credit: string;
}

/** An enterprise's tileset is loaded where its radius is at least this share of its distance, and dropped below the second. */
const NEAR_SHARE = 0.02;
const FAR_SHARE = 0.012;
const MOST_TILESETS = 24;
/** The base map is of the country and says nothing about a city: it comes between these heights, metres, and stays a hint behind the data. */
const IMAGERY_FROM_M = 1_500_000;
const IMAGERY_WHOLE_M = 5_000_000;
const MOST_IMAGERY = 0.75;
/** From higher up a plant is no larger than a pixel: its massing is loaded after the useful picture, metres. */
const MASSING_FROM_M = 120_000;
/** Between two times that the ground is drawn anew, as while a city is loaded, milliseconds. */
const LAND_EVERY_MS = 5000;
/** In underground view what stands above ground is glass. */
const GLASS_ALPHA = 0.22;

export class Scene {
  private readonly viewer: Viewer;
  private readonly ground: Ground;
  private readonly tilesets: Tilesets;
  private readonly delivered: Delivered;
  private readonly labels: Labels;
  private readonly symbols: Symbols;
  private readonly city: CityMap;
  readonly landscape: Landscape;
  private readonly sharpness: Sharpness | null;
  private readonly near = new Set<string>();
  /** The enterprise that is flown to. */
  private awaited: string | null = null;
  private underground = false;
  private placed = false;
  /** Whether the city's lines are drawn, or can't be had. */
  private mapped: "no" | "reading" | "yes" = "no";
  private labelsStale = true;
  /** Whether something changed that may decide where the ground is level. */
  private groundMoved = false;
  private landDue = false;
  private landRead = Number.NEGATIVE_INFINITY;
  private frames = 0;
  /** The frame after which all of the useful picture was there to be drawn. */
  private wholeAt: number | null = null;
  private status: SceneStatus = { useful: false, ready: false, progress: 0, versions: {}, failing: 0, stopped: false };
  private stopped = false;
  private lastSelected: string | null = null;

  constructor(
    elements: SceneElements,
    private readonly style: SceneLook,
    private readonly store: FeatureStore,
    private readonly session: Session,
    private readonly api: Api,
    private readonly insets: () => Insets,
    private readonly report: (status: SceneStatus) => void,
  ) {
    const { theme } = style;
    wear(theme.palette);
    this.viewer = createViewer(elements.container, elements.credits, style.credit, style.software);
    dress(this.viewer, theme.current);
    this.ground = new Ground(this.viewer.widget);
    this.tilesets = new Tilesets(this.viewer.widget, {
      paint: (feature) => this.paint(feature),
      shows: (enterprise) => store.shows(enterprise),
      shown: (enterprise, rows) => store.patch(enterprise, rows),
      pointer: (enterprise) => api.tileset(enterprise),
    });
    this.delivered = new Delivered(this.viewer.widget, style.software);
    this.symbols = new Symbols(this.viewer.widget);
    this.labels = new Labels(this.viewer.widget, elements.labels, this.symbols, () => this.room(), (id) => this.choose(id));
    this.city = new CityMap(this.viewer.widget, api);
    this.landscape = new Landscape(this.viewer.widget, api, () => this.ground.giveWay());
    this.landscape.dress(theme.current);
    this.sharpness = style.software ? new Sharpness(this.viewer.widget) : null;
    this.viewer.widget.scene.postRender.addEventListener(() => (this.frames += 1));
    this.listen();
    store.subscribe((change) => this.follow(change));
    theme.subscribe(() => this.changeTheme());
    const place = readPlace(location.hash);
    if (place.camera) {
      applyView(this.viewer.widget, place.camera);
      this.placed = true;
    }
    store.setFilter(place.filter);
    store.setHidden(place.hidden);
    if (place.chosen) store.choose(place.chosen);
    if (place.selected) store.select(place.selected);
    if (place.underground) this.setUnderground(true);
    if (store.phase !== "loading") this.settle();
    // Tiles that arrive between frames need a frame to be taken in; a still, complete scene needs none.
    setInterval(() => this.tick(), 120);
    window.quanjing = {
      positionOf: (id) => positionOf(this.viewer, store, id, (at) => this.pick(at), this.symbols.positionOf(id)),
      shown: () => this.tilesets.versions(),
      color: (id) => this.cssColour(id),
      painted: (id) => this.tilesets.colourOf(store.ownerOf(id) ?? "", id),
    };
  }

  get isUnderground(): boolean {
    return this.underground;
  }

  home(flight = true): void {
    const target = targetOf([...this.store.enterprises.values()]);
    if (target) this.turnTo(target, flight);
  }

  flyToEnterprise(id: string): void {
    const enterprise = this.store.enterprises.get(id);
    const target = enterprise && targetOf([enterprise]);
    if (target) this.fly(target, id);
  }

  flyToFeature(id: string): void {
    const feature = this.store.features.get(id);
    const enterprise = this.store.enterprises.get(this.store.ownerOf(id) ?? "");
    if (!feature || !enterprise) {
      this.flyToEnterprise(id);
      return;
    }
    if (isBuried(feature)) this.setUnderground(true);
    const target: Target = {
      position: Cartesian3.fromDegrees(feature.lon, feature.lat, enterprise.ground_m + (feature.z_min_m + feature.z_max_m) / 2),
      radius_m: Math.max(30, (feature.z_max_m - feature.z_min_m) * 1.6),
      heading_deg: ASIDE_DEG,
      pitch_deg: -32,
    };
    this.fly(target, enterprise.feature_id);
  }

  private turnTo(target: Target, flight: boolean): void {
    this.sharpness?.soften();
    look(this.viewer.widget, target, this.insets(), flight);
  }

  /** What is flown to is loaded from the start of the flight on, as the engine sees it from the flight's end. */
  private fly(target: Target, enterprise: string): void {
    this.awaited = enterprise;
    this.turnTo(target, true);
    this.survey();
  }

  /** Fly to a feature unless it can be seen already, outside the panels. */
  reveal(id: string): void {
    const feature = this.store.features.get(id);
    const enterprise = this.store.enterprises.get(this.store.ownerOf(id) ?? "");
    if (!feature || !enterprise) return;
    const { scene } = this.viewer.widget;
    const top = Cartesian3.fromDegrees(feature.lon, feature.lat, enterprise.ground_m + feature.z_max_m);
    const at = SceneTransforms.worldToWindowCoordinates(scene, top);
    if (!at || !within(this.room(), at) || (isBuried(feature) && !this.underground)) this.flyToFeature(id);
  }

  /** The part of the picture that no panel covers. */
  private room(): Box {
    const { clientWidth, clientHeight } = this.viewer.widget.canvas;
    const { left, right, top, bottom } = this.insets();
    return { left, top, right: clientWidth - right, bottom: clientHeight - bottom };
  }

  zoom(share: number): void {
    zoom(this.viewer.widget, share);
  }

  faceNorth(): void {
    faceNorth(this.viewer.widget);
  }

  setUnderground(underground: boolean): void {
    this.underground = underground;
    this.ground.setTransparent(underground);
    this.landscape.setFaded(underground);
    this.openGround();
    this.tilesets.repaintAll();
    this.labelsStale = true;
    this.remember();
  }

  /** In underground view the ground lies open over the chosen enterprise, else over the one of what is selected. */
  private openGround(): void {
    const { chosen, selected } = this.store;
    const meant = chosen ?? (selected ? this.store.ownerOf(selected) : null);
    if (this.underground && !meant) return;
    this.landscape.open(this.underground ? meant : null).catch((error: unknown) => console.warn(error));
  }

  /** All that was drawn in the former theme is drawn anew; the page's style sheet has changed already. */
  private changeTheme(): void {
    wear(this.style.theme.palette);
    dress(this.viewer, this.style.theme.current);
    this.ground.redraw();
    this.landscape.dress(this.style.theme.current);
    this.symbols.redraw(this.store);
    this.city.paint();
    this.tilesets.repaintAll();
    this.remember();
  }

  private showLayers(): void {
    const { hidden } = this.store;
    this.labels.setVisible(!hidden.has("names"));
    this.ground.setGrid(!hidden.has("grid"));
    this.showMap();
    this.city.show(hidden);
    this.symbols.update(this.store);
    this.tilesets.repaintAll();
    this.delivered.show(this.store.delivered, hidden);
    this.fadeImagery(this.viewer.widget.camera.positionCartographic.height);
    this.remember();
  }

  private showMap(): void {
    const { hidden, land } = this.store;
    this.landscape.choose(hidden.has("basemap") ? null : shownMap(land.imagery, hidden));
  }

  /** Draw the ground anew at once, and then not again for a while: each time all of it is loaded. */
  private redrawLand(): void {
    if (this.landDue) return;
    const wait = Math.max(0, this.landRead + LAND_EVERY_MS - performance.now());
    this.landDue = true;
    setTimeout(() => {
      this.landDue = this.groundMoved = false;
      this.landRead = performance.now();
      this.readLand();
    }, wait);
  }

  private readLand(): void {
    this.landscape.load().then(
      (land) => this.store.setLand(land),
      (error: unknown) => console.warn(error),
    );
  }

  private async readDelivered(): Promise<void> {
    try {
      this.store.setDelivered(await this.api.delivered());
    } catch (error) {
      // Without them the scene stands all the same; the banner tells how the connection is.
      if (!(error instanceof ApiError)) throw error;
    }
  }

  private listen(): void {
    const { widget } = this.viewer;
    const handler = new ScreenSpaceEventHandler(widget.canvas);
    handler.setInputAction((event: ScreenSpaceEventHandler.PositionedEvent) => this.click(event.position), ScreenSpaceEventType.LEFT_CLICK);
    widget.camera.moveEnd.addEventListener(() => {
      this.awaited = null;
      this.survey();
      this.remember();
    });
    widget.camera.changed.addEventListener(() => this.survey());
    widget.camera.percentageChanged = 0.2;
    widget.scene.renderError.addEventListener((_: unknown, error: unknown) => {
      console.error("the 3D engine stopped", error);
      this.stopped = true;
    });
    widget.canvas.addEventListener("webglcontextlost", () => (this.stopped = true));
  }

  private click(at: Cartesian2): void {
    const picked = this.pick(at);
    if (picked) window.dispatchEvent(new CustomEvent("quanjing:picked", { detail: picked }));
    if (picked && this.store.enterprises.has(picked.feature_id) && !this.near.has(picked.feature_id)) {
      this.choose(picked.feature_id);
      return;
    }
    this.store.select(picked?.feature_id ?? null);
  }

  /** What a click at a pixel means: in underground view it goes through the glass. */
  private pick(at: Cartesian2): Picked | null {
    return pickFeature(this.viewer.widget, at, this.underground ? (id) => this.isGlass(id) : undefined);
  }

  private choose(id: string): void {
    if (this.store.enterprises.has(id)) {
      this.store.choose(id);
      this.flyToEnterprise(id);
    } else {
      this.store.select(id);
    }
  }

  private follow(change: Change): void {
    switch (change.topic) {
      case "phase":
        if (this.store.phase !== "loading") this.settle();
        break;
      case "enterprises":
        this.settle();
        break;
      case "ground":
        this.groundMoved = true;
        break;
      case "tileset":
        // The level ground moves with a boundary once the models have moved, too.
        if (this.groundMoved && this.landscape.uneven) this.redrawLand();
        this.survey();
        break;
      case "city":
        this.survey();
        break;
      case "features":
        this.tilesets.repaint(change.enterprise);
        break;
      case "state":
        this.tilesets.repaint(change.enterprise, [change.feature, change.enterprise]);
        break;
      case "filter":
        this.symbols.update(this.store);
        this.tilesets.repaintMassing();
        this.survey();
        this.remember();
        break;
      case "layers":
        this.showLayers();
        break;
      case "chosen":
        this.openGround();
        this.symbols.update(this.store);
        this.tilesets.repaintMassing();
        this.survey();
        this.remember();
        break;
      case "selected":
        this.openGround();
        this.repaintSelected();
        this.remember();
        break;
      default:
        return;
    }
    this.labelsStale = true;
  }

  /** The enterprises are known, or known better: ground, light, first view, tilesets. */
  private settle(): void {
    const places = [...this.store.enterprises.values()];
    this.viewer.widget.useDefaultRenderLoop = true;
    if (places.length === 0) return;
    this.ground.update(places);
    this.symbols.update(this.store);
    if (this.mapped === "no" && places.length > 1) {
      this.mapped = "reading";
      // The lines are an aid to the eye: where they can't be had the page stands without them.
      this.city
        .draw(Math.min(...places.map((place) => place.ground_m)))
        .catch((error: unknown) => console.warn(error))
        .finally(() => {
          this.mapped = "yes";
          this.labelsStale = true;
        });
    }
    const target = targetOf(places);
    if (target) lightFrom(this.viewer.widget, target.position);
    if (!this.placed) {
      this.placed = true;
      this.home(false);
    }
    this.survey();
  }

  /** Which enterprises are near enough for their tileset. */
  private survey(): void {
    const { camera } = this.viewer.widget;
    const volume = camera.frustum.computeCullingVolume(camera.positionWC, camera.directionWC, camera.upWC);
    const shares: [number, Enterprise, TilesetPointer][] = [];
    for (const enterprise of this.store.enterprises.values()) {
      if (!this.store.shows(enterprise.feature_id)) continue;
      const centre = Cartesian3.fromDegrees(enterprise.lon, enterprise.lat, enterprise.ground_m);
      const awaited = enterprise.feature_id === this.awaited;
      const share = awaited ? 1 : enterprise.radius_m / Math.max(1, Cartesian3.distance(centre, camera.positionWC));
      const known = awaited || this.near.has(enterprise.feature_id);
      const seen = known || volume.computeVisibility(new BoundingSphere(centre, enterprise.radius_m)) !== Intersect.OUTSIDE;
      if (enterprise.tileset && seen && share > (known ? FAR_SHARE : NEAR_SHARE)) shares.push([share, enterprise, enterprise.tileset]);
    }
    const wanted = shares.sort(([a], [b]) => b - a).slice(0, MOST_TILESETS);
    this.near.clear();
    for (const [, enterprise] of wanted) {
      this.near.add(enterprise.feature_id);
      void this.session.ensureFeatures(enterprise.feature_id);
    }
    const pointers = new Map(wanted.map(([, enterprise, pointer]) => [enterprise.feature_id, pointer]));
    if (this.store.city && (this.status.useful || camera.positionCartographic.height < MASSING_FROM_M)) pointers.set(CITY, this.store.city);
    this.tilesets.want(pointers);
    this.ground.stand(wanted.map(([, enterprise]) => enterprise));
    this.fadeImagery(camera.positionCartographic.height);
    this.city.raise(camera.positionCartographic.height);
    this.symbols.spread(this.store, this.room());
  }

  /** The pixels of the offline base map are kilometres wide. */
  private fadeImagery(height_m: number): void {
    const alpha = this.store.hidden.has("basemap") ? 0 : MOST_IMAGERY * Math.min(1, Math.max(0, (height_m - IMAGERY_FROM_M) / (IMAGERY_WHOLE_M - IMAGERY_FROM_M)));
    if (Math.abs(this.viewer.imagery.alpha - alpha) < 0.01) return;
    this.viewer.imagery.alpha = alpha;
    this.viewer.imagery.show = alpha > 0;
    this.viewer.widget.scene.requestRender();
  }

  private tick(): void {
    const { scene } = this.viewer.widget;
    if (this.labelsStale) {
      this.labelsStale = false;
      this.labels.set(labelsOf(this.store, this.underground, this.city.places));
      scene.requestRender();
    }
    const useful = this.isUseful();
    const listed = [...this.near].every((id) => this.store.hasFeatures(id));
    const complete = this.tilesets.complete && scene.globe.tilesLoaded;
    const ready = this.status.useful && listed && complete;
    if (!complete || !this.delivered.complete) scene.requestRender();
    this.sharpness?.settle(ready);
    const status: SceneStatus = { useful: useful || this.status.useful, ready, progress: this.tilesets.progress(), versions: this.tilesets.versions(), failing: this.tilesets.failing, stopped: this.stopped };
    if (JSON.stringify(status) === JSON.stringify(this.status)) return;
    const first = status.useful && !this.status.useful;
    // After the first picture: photographs of a city are many and large.
    if (first) void this.readDelivered();
    this.status = status;
    this.report(status);
    if (first) {
      this.survey();
      // Land comes after the useful picture; without it the page stands on level ground.
      this.readLand();
    }
  }

  /** Whether all of the useful picture is there, and was drawn. */
  private isUseful(): boolean {
    const { scene } = this.viewer.widget;
    const lines = this.mapped === "yes" || this.store.enterprises.size <= 1;
    const whole = this.store.phase === "ready" && lines && scene.globe.tilesLoaded && this.symbols.ready && this.tilesets.stands(CITY);
    if (whole && this.wholeAt === null) {
      this.wholeAt = this.frames;
      scene.requestRender();
    } else if (!whole) {
      this.wholeAt = null;
      scene.requestRender();
    }
    return this.wholeAt !== null && this.frames > this.wholeAt;
  }

  private repaintSelected(): void {
    for (const id of [this.lastSelected, this.store.selected]) {
      const enterprise = id && this.store.ownerOf(id);
      if (id && enterprise) this.tilesets.repaint(enterprise, [id]);
    }
    this.lastSelected = this.store.selected;
  }

  private remember(): void {
    const camera = this.placed ? readView(this.viewer.widget) : null;
    const { selected, chosen, filter, hidden } = this.store;
    const theme = this.style.theme.wish === "auto" ? null : this.style.theme.wish;
    const place = { camera, selected, chosen, underground: this.underground, filter, hidden, theme };
    history.replaceState(null, "", `${location.pathname}${location.search}${writePlace(place)}`);
  }

  /** An open alarm is told before all else; then the choice; then the material. */
  private accent(id: string): string | null {
    const level = this.store.enterprises.get(id)?.alarm_level ?? this.store.stateOf(id).alarm_level;
    return alarmColour(level) ?? (id === this.store.selected ? palette().ui.select : null);
  }

  private paint(id: string): Paint {
    const accent = this.accent(id);
    const glass = this.underground && this.isGlass(id) && accent === null;
    return { colour: accent ? cesiumColour(accent) : null, alpha: glass ? GLASS_ALPHA : 1, show: this.store.showsFeature(id) };
  }

  /** What underground view shows as glass: all that rises over the ground. */
  private isGlass(id: string): boolean {
    const feature = this.store.features.get(id);
    return feature ? feature.z_max_m > 0 : this.store.enterprises.has(id);
  }

  private cssColour(id: string): string | null {
    const feature = this.store.features.get(id);
    return this.accent(id) ?? (feature ? sceneColour(feature.kind, feature.type) : null);
  }
}
