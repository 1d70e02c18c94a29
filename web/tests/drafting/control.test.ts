import { expect, test } from "vitest";
import { pasted, read, written } from "../../src/drafting/control";

const point = { name: "P1", x: 1, y: 2, east: 452347.539, north: 3453256.272, src: "" };

test("points are written as CSV and read back", () => {
  const text = written([point, { ...point, name: "half", north: null }]);
  expect(text).toBe("name,x,y,E,N,src\nP1,1,2,452347.539,3453256.272,\n");
  expect(read(text)).toEqual([point]);
  expect(written([{ ...point, x: null }])).toBeNull();
  expect(read(null)).toEqual([]);
});

test("columns may stand in any order, comments are left out", () => {
  expect(read("# from the survey\nN,E,name,x,y\n3453256.272,452347.539,P1,1,2\n")).toEqual([point]);
});

test("a comma in a name does no harm", () => {
  expect(read(written([{ ...point, name: 'a,"b' }]))[0]!.name).toBe("a  b");
});

test("pasted coordinates, in either order", () => {
  expect(pasted("452347.5, 3453256.3")).toEqual([452347.5, 3453256.3]);
  expect(pasted("X=3453256.3\tY=452347.5")).toEqual([452347.5, 3453256.3]);
  expect(pasted("36452347.5 3453256.3")).toEqual([36452347.5, 3453256.3]);
  expect(pasted("12")).toBeNull();
  expect(pasted("a")).toBeNull();
});
