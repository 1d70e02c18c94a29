import { beforeEach, expect, test } from "vitest";
import { Live, pauseMs, type Connection } from "../../src/core/live";
import { FakeClock, FakeSource } from "./fakes";

let sources: FakeSource[];
let clock: FakeClock;
let connections: Connection[];
let heard: [string, unknown][];
let live: Live;

const last = () => sources.at(-1)!;
const phases = () => connections.map((connection) => connection.phase);

beforeEach(() => {
  sources = [];
  connections = [];
  heard = [];
  clock = new FakeClock();
  const hear = (type: string) => (event: unknown) => void heard.push([type, event]);
  live = new Live(
    {
      connection: (connection) => connections.push(connection),
      change: hear("change"),
      state: hear("state"),
      tileset: hear("tileset"),
      city: hear("city"),
      reset: () => hear("reset")({}),
    },
    (url) => {
      const source = new FakeSource(url);
      sources.push(source);
      return source;
    },
    clock,
  );
});

test("it begins after the cursor of the list answer", () => {
  live.start("s-7-1");
  expect(last().url).toBe("/live?after=s-7-1");
  last().open();
  expect(phases()).toEqual(["connecting", "live"]);
  last().send("tileset", { version: "v2" }, "s-8-1");
  expect(heard).toEqual([["tileset", { version: "v2" }]]);
});

test("a cut is first left to the browser, which resumes by itself", () => {
  live.start("s-7-1");
  last().open();
  last().fail(true);
  expect(connections.at(-1)).toEqual({ phase: "disconnected", retryAt: 1000 });
  expect(last().closed).toBe(false);
  last().open();
  expect(phases().at(-1)).toBe("live");
  expect(sources).toHaveLength(1);
});

test("where the browser gives up or fails again, we resume after the last event, with growing pauses", () => {
  live.start("s-7-1");
  last().open();
  last().send("state", {}, "s-9-4");
  last().fail(true);
  last().fail(true);
  expect(last().closed).toBe(true);
  expect(connections.at(-1)).toEqual({ phase: "disconnected", retryAt: 2000 });
  clock.pass(2000);
  expect(last().url).toBe("/live?after=s-9-4");
  last().fail(false);
  expect(connections.at(-1)).toEqual({ phase: "disconnected", retryAt: 6000 });
  clock.pass(3999);
  expect(sources).toHaveLength(2);
  clock.pass(1);
  expect(sources).toHaveLength(3);
  last().open();
  last().fail(false);
  expect(connections.at(-1)).toEqual({ phase: "disconnected", retryAt: 7000 });
});

test("a silence of three beats is a lost connection, though nobody told its end", () => {
  live.start("s-7-1");
  last().open();
  clock.pass(44_000);
  last().send("beat", {});
  clock.pass(44_000);
  expect(phases().at(-1)).toBe("live");
  clock.pass(1000);
  expect(last().closed).toBe(true);
  expect(connections.at(-1)).toEqual({ phase: "disconnected", retryAt: 90_000 });
  clock.pass(1000);
  expect(last().url).toBe("/live?after=s-7-1");
  expect(heard).toEqual([]);
});

test("pauses end at a quarter of a minute", () => {
  expect([1, 2, 3, 4, 5, 50].map(pauseMs)).toEqual([1000, 2000, 4000, 8000, 15_000, 15_000]);
});

test("a person can try at once, and only one stream is left", () => {
  live.start("s-7-1");
  last().fail(false);
  live.retryNow();
  expect(sources).toHaveLength(2);
  clock.pass(60_000);
  expect(sources).toHaveLength(2);
});

test("a stream that was replaced is not heard any more", () => {
  live.start("s-7-1");
  const old = last();
  live.start("s-8-1");
  old.send("state", {}, "s-1-1");
  old.fail(false);
  expect(heard).toEqual([]);
  expect(phases().at(-1)).toBe("connecting");
});

test("a reset ends the stream and is handed on", () => {
  live.start("s-7-1");
  last().open();
  last().send("reset", {}, "t-1-1");
  expect(last().closed).toBe(true);
  expect(heard).toEqual([["reset", {}]]);
});
