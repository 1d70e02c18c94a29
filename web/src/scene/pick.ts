/** From a pixel to a feature. */
import { Cesium3DTileFeature, type Cartesian2, type CesiumWidget } from "cesium";
import type { SymbolId } from "./symbols";
import { featureIdOf } from "./tilesets";

export interface Picked {
  feature_id: string;
  name: string;
}

/** How many things behind one another a click looks through. */
const DEPTH = 12;

function read(picked: unknown): Picked | null {
  const id = (picked as { id?: Partial<SymbolId> } | undefined)?.id;
  if (typeof id?.enterprise === "string") return { feature_id: id.enterprise, name: id.name ?? "" };
  if (!(picked instanceof Cesium3DTileFeature)) return null;
  const feature_id = featureIdOf(picked);
  const name: unknown = picked.getProperty("name");
  return feature_id ? { feature_id, name: typeof name === "string" ? name : "" } : null;
}

/**
 * The feature at a canvas pixel, by the id and the name that its tile carries.
 *
 * With `glass`, the first one behind the pixel that is not glass; where all are, the first.
 */
export function pickFeature(widget: CesiumWidget, at: Cartesian2, glass?: (feature_id: string) => boolean): Picked | null {
  if (!glass) return read(widget.scene.pick(at));
  const found = (widget.scene.drillPick(at, DEPTH) as unknown[]).map(read).filter((picked): picked is Picked => picked !== null);
  return found.find((picked) => !glass(picked.feature_id)) ?? found[0] ?? null;
}
