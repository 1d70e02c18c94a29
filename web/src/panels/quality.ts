/** What the city's stations say of air and water, and what radars saw of late: asked together, and again now and then. */
import { onScopeDispose, ref, shallowRef } from "vue";
import { ApiError, asked } from "../core/api";
import { airDayOf, dayBefore, type AirDay, type Hotspot, type WaterMonth } from "../core/quality";

/** Stations tell hours; what is shown is renewed several times in one. */
const AGAIN_MS = 600_000;

export function useQuality(what: ("air" | "water" | "radar")[]) {
  const air = shallowRef<AirDay | null>(null);
  const water = shallowRef<WaterMonth | null>(null);
  const hotspots = shallowRef<Hotspot[] | null>(null);
  const failed = ref(false);

  async function readAir(): Promise<void> {
    const today = await asked<AirDay>("GET", "/api/quality/air");
    air.value = await airDayOf(today, () => asked<AirDay>("GET", `/api/quality/air?day=${dayBefore(today.day)}`));
  }
  async function readWater(): Promise<void> {
    water.value = await asked<WaterMonth>("GET", "/api/quality/water");
  }
  async function readRadar(): Promise<void> {
    hotspots.value = (await asked<{ features: Hotspot[] }>("GET", "/api/radar/hotspots")).features;
  }
  const ways = { air: readAir, water: readWater, radar: readRadar };

  async function read(): Promise<void> {
    failed.value = false;
    try {
      await Promise.all(what.map((one) => ways[one]()));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      failed.value = true;
    }
  }
  void read();
  const timer = setInterval(() => void read(), AGAIN_MS);
  onScopeDispose(() => clearInterval(timer));
  return { air, water, hotspots, failed, read };
}
