import { beforeEach, expect, test, vi } from "vitest";
import { Api } from "../../src/core/api";
import { Session } from "../../src/core/session";
import { FeatureStore } from "../../src/core/store";
import { FakeClock, FakeSource } from "./fakes";
import { enterprise, feature, OUTLET, PLANT, state, TANK } from "./samples";

let asked: string[];
let down: boolean;
let sources: FakeSource[];
let store: FeatureStore;
let clock: FakeClock;
let session: Session;

let going: object[];

const ANSWERS: Record<string, unknown> = {
  "/api/kinds": { kinds: [], groups: [], enums: {} },
  "/api/enterprises": { cursor: "s-1-1", enterprises: [enterprise()] },
  [`/api/enterprises/${PLANT}/features`]: { cursor: "s-2-1", features: [feature(OUTLET)] },
};

beforeEach(async () => {
  vi.useFakeTimers();
  asked = [];
  sources = [];
  going = [];
  down = false;
  store = new FeatureStore();
  clock = new FakeClock();
  const api = new Api((path) => {
    asked.push(String(path));
    if (path === "/api/progress") return Promise.resolve(Response.json({ going }));
    return Promise.resolve(down ? Response.json({ detail: "没有应答" }, { status: 503 }) : Response.json(ANSWERS[String(path)]));
  });
  const open = (url: string) => {
    sources.push(new FakeSource(url));
    return sources.at(-1)!;
  };
  session = new Session(api, store, open, clock);
  await session.start();
  await session.ensureFeatures(PLANT);
  sources.at(-1)!.open();
  asked.length = 0;
});

const send = (type: string, data: object) => sources.at(-1)!.send(type, { enterprise_id: PLANT, kind: "outlet", feature_id: OUTLET, ...data }, "s-9-9");
const settled = () => vi.advanceTimersByTimeAsync(2000);

test("lists first, then the stream from their position", () => {
  expect(store.phase).toBe("ready");
  expect(sources.map((source) => source.url)).toEqual(["/live?after=s-1-1"]);
});

test("an alarm, a moved feature and a new version ask nothing", async () => {
  send("state", { state: state(1) });
  send("change", { layer: "outlets", op: "update", bbox: [107, 31, 108, 32] });
  send("tileset", { version: "v2", url: "/tiles3d/x/v2/tileset.json" });
  await settled();
  expect(asked).toEqual([]);
});

test("many inserts ask for one list, a new enterprise for the enterprises", async () => {
  for (const id of [TANK, TANK.replace("3", "4"), TANK.replace("3", "5")]) send("change", { layer: "structures", op: "insert", feature_id: id, bbox: null });
  await settled();
  expect(asked).toEqual([`/api/enterprises/${PLANT}/features`]);
  asked.length = 0;
  send("change", { layer: "enterprises", kind: "enterprise", op: "insert", feature_id: TANK, enterprise_id: TANK, bbox: null });
  await settled();
  expect(asked).toEqual(["/api/enterprises"]);
});

test("a reset reads the lists again and listens from the new position", async () => {
  send("reset", {});
  await settled();
  expect(asked).toEqual(["/api/kinds", "/api/enterprises", `/api/enterprises/${PLANT}/features`]);
  expect(sources).toHaveLength(2);
});

test("a server that is down leaves what is shown, and is asked again", async () => {
  down = true;
  send("reset", {});
  await settled();
  expect(store.phase).toBe("ready");
  expect(store.connection.phase).toBe("disconnected");
  down = false;
  clock.pass(3000);
  await settled();
  expect(sources).toHaveLength(2);
});

test("with nothing to show, a server that is down is an error with its reason", async () => {
  down = true;
  store.setEnterprises([]);
  await session.start();
  expect([store.phase, store.error]).toEqual(["error", "没有应答"]);
});

test("work that fills the store is followed to its end, and told of once the stream is back", async () => {
  going = [{ name: "city", label: "装入", done: 3, total: 140 }];
  sources.at(-1)!.open();
  await settled();
  expect(store.going).toEqual(going);
  going = [];
  clock.pass(2000);
  await settled();
  expect(store.going).toEqual([]);
  asked.length = 0;
  clock.pass(60_000);
  await settled();
  expect(asked).toEqual([]);
});
