/** The massing of the whole city, and one tileset an enterprise in view in its stead; a new version is loaded beside the old and takes its place when it is whole. */
import { Cartesian2, Cesium3DTileColorBlendMode, Cesium3DTileFeature, Cesium3DTileset, Color, type Cesium3DTile, type CesiumWidget } from "cesium";
import type { FeatureSummary, TilesetPointer } from "../core/types";
import { uuidFromBytes } from "../core/uuid";

/** How one feature is painted; null colour leaves the material of the tile. */
export interface Paint {
  colour: Color | null;
  alpha: number;
  show: boolean;
}

/** The slot of the city's tileset: the massing of every enterprise, one feature each. */
export const CITY = "city";

export type Row = Partial<FeatureSummary>;

export interface TilesetHooks {
  paint(feature: string): Paint;
  /** Whether an enterprise is shown at all. */
  shows(enterprise: string): boolean;
  /** Rows of a version that has just been shown. */
  shown(enterprise: string, rows: ReadonlyMap<string, Row>): void;
  /** Read the pointer anew, where the named version is gone. */
  pointer(enterprise: string): Promise<TilesetPointer>;
}

/** Share of the sky's light (diffuse, mirrored): less than whole, so that walls and roofs differ. */
const AMBIENT = new Cartesian2(0.72, 0.3);

/** One version of one enterprise. */
interface Version {
  version: string;
  tileset: Cesium3DTileset;
  /** One feature an enterprise, not one a thing. */
  massing: boolean;
  /** Feature id → its parts in the loaded tiles. */
  parts: Map<string, Set<Cesium3DTileFeature>>;
  rows: Map<string, Row>;
  /** A tile of it could not be read. */
  broken: boolean;
}

interface Slot {
  wanted: string;
  current: Version | null;
  next: Version | null;
  /** The wanted version could not be read. */
  failed: boolean;
  /** Attempts that failed one after the other. */
  failures: number;
  /** The attempt that is due. */
  retry: ReturnType<typeof setTimeout> | null;
}

/** Pauses before what could not be read is read again, milliseconds. */
const PAUSES_MS = [3000, 10_000, 30_000, 60_000];

/** The feature id that a tile's property table holds, as text. */
export function featureIdOf(feature: Cesium3DTileFeature): string | null {
  const value: unknown = feature.getProperty("feature_id");
  if (typeof value === "string") return value.toLowerCase();
  const bytes = value as ArrayLike<number> | undefined;
  return bytes?.length === 16 ? uuidFromBytes(bytes) : null;
}

function rowOf(feature: Cesium3DTileFeature): Row {
  const row: Row = {};
  const name: unknown = feature.getProperty("name");
  const code: unknown = feature.getProperty("code");
  const zMin: unknown = feature.getProperty("z_min_m");
  const zMax: unknown = feature.getProperty("z_max_m");
  if (typeof name === "string" && name) row.name = name;
  if (typeof code === "string" && code) row.code = code;
  if (typeof zMin === "number" && Number.isFinite(zMin)) row.z_min_m = zMin;
  if (typeof zMax === "number" && Number.isFinite(zMax)) row.z_max_m = zMax;
  return row;
}

function featuresOf(tile: Cesium3DTile): Cesium3DTileFeature[] {
  const content = tile.content;
  return Array.from({ length: content?.featuresLength ?? 0 }, (_, index) => content.getFeature(index));
}

export class Tilesets {
  private readonly slots = new Map<string, Slot>();
  private readonly blend = new Color();

  constructor(
    private readonly widget: CesiumWidget,
    private readonly hooks: TilesetHooks,
  ) {
    widget.scene.postRender.addEventListener(() => this.swap());
  }

  /** Show exactly these enterprises, each in this version, and the massing of all others where `CITY` is among them. */
  want(pointers: ReadonlyMap<string, TilesetPointer>): void {
    for (const [enterprise, slot] of this.slots) {
      if (pointers.has(enterprise)) continue;
      this.remove(slot.current);
      this.remove(slot.next);
      clearTimeout(slot.retry ?? undefined);
      this.slots.delete(enterprise);
      this.repaintMassing([enterprise]);
    }
    for (const [enterprise, pointer] of pointers) {
      const slot = this.slots.get(enterprise) ?? { wanted: "", current: null, next: null, failed: false, failures: 0, retry: null };
      this.slots.set(enterprise, slot);
      if (slot.wanted === pointer.version) continue;
      slot.wanted = pointer.version;
      slot.failed = false;
      void this.load(enterprise, slot, pointer, true);
    }
    this.widget.scene.requestRender();
  }

  /** Paint the loaded parts of these features again, of all features without a list. */
  repaint(enterprise: string, features?: Iterable<string>): void {
    const slot = this.slots.get(enterprise);
    for (const version of [slot?.current, slot?.next]) {
      if (!version) continue;
      for (const id of features ?? version.parts.keys()) {
        for (const part of version.parts.get(id) ?? []) this.apply(version, part, id);
      }
    }
    if (enterprise !== CITY) this.repaintMassing([enterprise]);
    this.widget.scene.requestRender();
  }

  /** Paint the massing of these enterprises again, of all without a list; it is hidden where their own tilesets stand. */
  repaintMassing(enterprises?: Iterable<string>): void {
    this.repaint(CITY, enterprises);
  }

  repaintAll(): void {
    for (const enterprise of this.slots.keys()) this.repaint(enterprise);
  }

  /** Whether a tileset is on the screen, or not to be had. */
  stands(enterprise: string): boolean {
    const slot = this.slots.get(enterprise);
    return !slot || slot.failed || slot.current !== null;
  }

  /** True when every wanted version is on the screen with all tiles of the view. */
  get complete(): boolean {
    for (const slot of this.slots.values()) {
      if (slot.failed) continue;
      if (slot.next || slot.current?.version !== slot.wanted || !slot.current.tileset.tilesLoaded) return false;
    }
    return true;
  }

  /** How many enterprises are not shown as they should be, because something of theirs could not be read. */
  get failing(): number {
    let failing = 0;
    for (const slot of this.slots.values()) if (slot.failed || slot.current?.broken) failing += 1;
    return failing;
  }

  /** Enterprise → version on the screen. */
  versions(): Record<string, string> {
    const shown: Record<string, string> = {};
    for (const [enterprise, slot] of this.slots) if (slot.current) shown[enterprise] = slot.current.version;
    return shown;
  }

  /** The CSS colour that a feature's parts on the screen are painted in; null where none is loaded. */
  colourOf(enterprise: string, feature: string): string | null {
    const [part] = this.slots.get(enterprise)?.current?.parts.get(feature) ?? [];
    return part ? part.color.toCssHexString() : null;
  }

  /** Share of the wanted enterprises that are on the screen. */
  progress(): number {
    const slots = [...this.slots.values()];
    return slots.length ? slots.filter((slot) => slot.failed || slot.current).length / slots.length : 1;
  }

  private async load(enterprise: string, slot: Slot, pointer: TilesetPointer, retry: boolean): Promise<void> {
    let tileset: Cesium3DTileset;
    try {
      tileset = await Cesium3DTileset.fromUrl(pointer.url, { maximumScreenSpaceError: 12, preloadWhenHidden: true, cacheBytes: 128 * 2 ** 20 });
    } catch {
      await this.loadCurrent(enterprise, slot, pointer, retry);
      return;
    }
    if (this.slots.get(enterprise) !== slot || slot.wanted !== pointer.version) {
      tileset.destroy();
      return;
    }
    const version: Version = { version: pointer.version, tileset, massing: enterprise === CITY, parts: new Map(), rows: new Map(), broken: false };
    // Hidden it loads, but does not draw over the version, or the massing, that is still shown.
    tileset.show = false;
    tileset.colorBlendMode = Cesium3DTileColorBlendMode.REPLACE;
    tileset.environmentMapManager.enabled = false;
    tileset.imageBasedLighting.imageBasedLightingFactor = AMBIENT;
    tileset.tileLoad.addEventListener((tile: Cesium3DTile) => this.adopt(version, tile));
    tileset.tileUnload.addEventListener((tile: Cesium3DTile) => this.abandon(version, tile));
    tileset.tileFailed.addEventListener(() => {
      version.broken = true;
      this.again(enterprise, slot, pointer);
    });
    slot.failed = false;
    this.remove(slot.next);
    slot.next = version;
    this.widget.scene.primitives.add(tileset);
    this.widget.scene.requestRender();
  }

  /** The named version may be older than the server keeps: ask once which one is current. */
  private async loadCurrent(enterprise: string, slot: Slot, failed: TilesetPointer, retry: boolean): Promise<void> {
    const pointer = retry ? await this.hooks.pointer(enterprise).catch(() => null) : null;
    if (this.slots.get(enterprise) !== slot) return;
    if (!pointer || pointer.version === slot.wanted) {
      slot.failed = true;
      this.again(enterprise, slot, failed);
      return;
    }
    slot.wanted = pointer.version;
    await this.load(enterprise, slot, pointer, false);
  }

  /** Read a version once more after a while: the engine itself asks for a tile once. */
  private again(enterprise: string, slot: Slot, pointer: TilesetPointer): void {
    if (slot.retry !== null) return;
    const pause = PAUSES_MS[Math.min(slot.failures, PAUSES_MS.length - 1)];
    slot.failures += 1;
    slot.retry = setTimeout(() => {
      slot.retry = null;
      if (this.slots.get(enterprise) === slot && slot.wanted === pointer.version) void this.load(enterprise, slot, pointer, true);
    }, pause);
  }

  private swap(): void {
    for (const [enterprise, slot] of this.slots) {
      const next = slot.next;
      if (!next?.tileset.tilesLoaded) continue;
      slot.next = null;
      // The second attempt is no better than the first: what stands, stands on.
      if (next.broken && slot.current?.version === next.version) {
        this.remove(next);
        continue;
      }
      if (!next.broken) slot.failures = 0;
      next.tileset.show = true;
      this.remove(slot.current);
      slot.current = next;
      this.repaint(enterprise);
      this.hooks.shown(enterprise, next.rows);
      this.widget.scene.requestRender();
    }
  }

  private remove(version: Version | null): void {
    if (version) this.widget.scene.primitives.remove(version.tileset);
  }

  private adopt(version: Version, tile: Cesium3DTile): void {
    for (const part of featuresOf(tile)) {
      const id = featureIdOf(part);
      if (!id) continue;
      const parts = version.parts.get(id) ?? new Set();
      version.parts.set(id, parts.add(part));
      version.rows.set(id, rowOf(part));
      this.apply(version, part, id);
    }
  }

  private abandon(version: Version, tile: Cesium3DTile): void {
    for (const part of featuresOf(tile)) {
      const id = featureIdOf(part);
      if (id) version.parts.get(id)?.delete(part);
    }
  }

  private apply(version: Version, part: Cesium3DTileFeature, id: string): void {
    if (version.massing) {
      // A tileset of which nothing could be read stands for nothing.
      part.show = !this.slots.get(id)?.current?.parts.size && this.hooks.shows(id);
      if (!part.show) return;
    }
    const paint = this.hooks.paint(id);
    part.show = paint.show;
    // White is the engine's word for "as in the tile", whatever its alpha.
    part.color = Color.clone(paint.colour ?? Color.WHITE, this.blend).withAlpha(paint.alpha, this.blend);
  }
}
