import { describe, expect, it } from "vitest";
import { airDayOf, dayBefore, direction, hoursOf, type AirDay, type WaterSection } from "../../src/core/quality";

const day = (latest: boolean): AirDay => ({ day: "2026-03-01", stations: [{ latest: latest ? {} : null } as AirDay["stations"][number]] });

describe("quality", () => {
  it("tells of the day before until the first hour of a day is there", async () => {
    const before = () => Promise.resolve(day(true));
    expect(await airDayOf(day(false), before)).toEqual(day(true));
    const today = day(true);
    expect(await airDayOf(today, () => Promise.reject(new Error("not asked")))).toBe(today);
    expect(dayBefore("2026-03-01")).toBe("2026-02-28");
  });

  it("says where something lies, and how much is behind a mean", () => {
    expect([0, 44, 359, -90].map(direction)).toEqual(["北", "东北", "北", "西"]);
    expect(hoursOf({ means: { a: { mean: 1, hours: 5 }, b: { mean: 1, hours: 3 } } } as unknown as WaterSection)).toBe(3);
    expect(hoursOf({ means: {} } as WaterSection)).toBe(0);
  });
});
