import { describe, expect, it } from "vitest";
import { pathOf, picturesOf, type Power } from "../../src/core/power";

const power: Power = {
  begin: "2026-03-01T00:00:00+08:00",
  end: "2026-03-01T00:20:00+08:00",
  step_s: 300,
  pairs: [
    { treatment: "TA001", production: ["MF0001"] },
    { treatment: "TA002", production: ["MF0002"] },
    { treatment: "TA003", production: ["MF0003"] },
  ],
  channels: [],
  devices: [
    { code: "MF0001", running: 100, floor: null, loads: [100, 100, null, 50] },
    { code: "TA001", running: 10, floor: 8, loads: [10, 10, 10, null] },
    { code: "MF0002", running: 40, floor: null, loads: [40, 40, 40, 40] },
    { code: "TA002", running: null, floor: null, loads: [0, 0, 0, 0] },
  ],
  findings: [{ kind: "untreated", label: "生产设施运行而治理设施停运", level: 2, begin: "2026-03-01T00:05:00+08:00", end: null, treatment: "TA002", production: ["MF0002"] }],
};

describe("power", () => {
  it("draws a line that is broken where nothing is known, and no higher than the picture", () => {
    expect(pathOf([10, 10, null, 90], 10)).toBe("M0.5 33.3L1.5 33.3M3.5 0.0");
  });

  it("shows the pairs that are metered, those with findings first, and marks when something was found", () => {
    const [first, second, ...rest] = picturesOf(power);
    expect(rest).toEqual([]);
    expect([first!.treatment, second!.treatment]).toEqual(["TA002", "TA001"]);
    expect(first!.marks).toEqual([{ from: 1, to: 4, level: 2 }]);
    expect(first!.curves.map((curve) => [curve.code, curve.treats, curve.now])).toEqual([
      ["MF0002", false, 1],
      ["TA002", true, null],
    ]);
    // The newest step may not be there yet.
    expect(second!.curves.map((curve) => curve.now)).toEqual([0.5, 1]);
  });
});
