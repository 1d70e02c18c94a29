import { expect, test } from "vitest";
import { Api, ApiError } from "../../src/core/api";
import { PLANT } from "./samples";

const answering = (body: unknown, status = 200) => new Api(() => Promise.resolve(Response.json(body, { status })));

test("a question is one path", async () => {
  const asked: string[] = [];
  const api = new Api((path) => {
    asked.push(String(path));
    return Promise.resolve(Response.json({ cursor: "s-0-0", features: [], history: [], sheets: [] }));
  });
  await api.features(PLANT);
  await api.history(PLANT);
  await api.sheets(PLANT);
  await api.tileset(PLANT);
  expect(asked).toEqual([
    `/api/enterprises/${PLANT}/features`,
    `/api/features/${PLANT}/history`,
    `/api/enterprises/${PLANT}/sheets`,
    `/tiles3d/${PLANT}/current.json`,
  ]);
});

test("a problem document becomes an error that says what it says", async () => {
  const error = await answering({ title: "Not Found", detail: "没有此要素" }, 404).card(PLANT).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(ApiError);
  expect(error).toMatchObject({ status: 404, title: "Not Found", message: "没有此要素" });
});

test("an answer that is no JSON is still an error with its status", async () => {
  const api = new Api(() => Promise.resolve(new Response("<html>", { status: 502, statusText: "Bad Gateway" })));
  await expect(api.kinds()).rejects.toMatchObject({ status: 502, message: "Bad Gateway" });
});

test("no answer at all has status 0", async () => {
  const api = new Api(() => Promise.reject(new TypeError("Failed to fetch")));
  await expect(api.kinds()).rejects.toMatchObject({ status: 0, message: "Failed to fetch" });
});
