/** From a pixel to a feature. */
import { Cesium3DTileFeature, type Cartesian2, type CesiumWidget } from "cesium";
import { featureIdOf } from "./tilesets";

export interface Picked {
  feature_id: string;
  name: string;
}

/** The feature at a canvas pixel, by the id and the name that its tile carries. */
export function pickFeature(widget: CesiumWidget, at: Cartesian2): Picked | null {
  const picked: unknown = widget.scene.pick(at);
  if (!(picked instanceof Cesium3DTileFeature)) return null;
  const feature_id = featureIdOf(picked);
  const name: unknown = picked.getProperty("name");
  return feature_id ? { feature_id, name: typeof name === "string" ? name : "" } : null;
}
