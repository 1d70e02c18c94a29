import { expect, test } from "vitest";
import { shanghai, stamp } from "../../src/core/time";

test("UTC is shown as Shanghai time, across midnight", () => {
  expect(shanghai(new Date("2026-11-23T16:05:09Z"))).toEqual({ date: "2026-11-24", minute: "00:05", time: "00:05:09" });
  expect(stamp("2026-11-23T13:05:09.250Z")).toBe("2026-11-23 21:05");
  expect(stamp("2026-11-23T21:05:09+08:00")).toBe("2026-11-23 21:05");
});

test.each([null, "", "gestern"])("%s is shown as nothing", (text) => {
  expect(stamp(text)).toBe("");
});
