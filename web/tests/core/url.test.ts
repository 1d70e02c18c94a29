import { expect, test } from "vitest";
import { EVERYTHING } from "../../src/core/filter";
import { readPlace, writePlace, type Place } from "../../src/core/url";
import { OUTLET, PLANT } from "./samples";

const PLACE: Place = {
  camera: { lon: 107.497812, lat: 31.196883, height_m: 553, heading_deg: 24, pitch_deg: -35 },
  selected: OUTLET,
  chosen: null,
  underground: true,
  filter: EVERYTHING,
  hidden: new Set(),
  theme: null,
};
const NOTHING: Place = { camera: null, selected: null, chosen: null, underground: false, filter: EVERYTHING, hidden: new Set(), theme: null };

test("a place survives the URL", () => {
  expect(writePlace(PLACE)).toBe(`#@107.497812,31.196883,553.0,24.0,-35.0&sel=${OUTLET}&under=1`);
  expect(readPlace(writePlace(PLACE))).toEqual(PLACE);
  expect(readPlace(writePlace({ ...PLACE, selected: null, underground: false }))).toEqual({ ...PLACE, selected: null, underground: false });
});

test("nothing to say is an empty fragment", () => {
  expect(writePlace(NOTHING)).toBe("");
  expect(readPlace("")).toEqual(NOTHING);
});

test.each(["#@107,31", "#@a,b,c,d,e", "#@200,31,1,1,1", "#@107,31,1,1,-91", "#sel=<script>", "#sel=", "#under=0", "#level=7", "#county=", "#q=%E0%A4", "#off=", "#off=<b>", "#theme=print", "#in=1", "#&&&"])("%s is ignored", (hash) => {
  expect(readPlace(hash)).toEqual(NOTHING);
});

test("filters survive the URL", () => {
  const filter = { text: "钢 铁", county: "511703", industry: "炼钢", level: 0 };
  expect(readPlace(writePlace({ ...NOTHING, filter }))).toEqual({ ...NOTHING, filter });
});

test("layers, theme and the listed enterprise survive the URL", () => {
  const place: Place = { ...NOTHING, chosen: PLANT, hidden: new Set(["road", "pipe"]), theme: "light" };
  expect(writePlace(place)).toBe(`#in=${PLANT}&off=pipe,road&theme=light`);
  expect(readPlace(writePlace(place))).toEqual(place);
});
