import { expect, test } from "vitest";
import { legible, ThemeSwitch, themeOf } from "../../src/core/theme";
import { themes } from "../../src/generated/tokens";

function page(system: "dark" | "light", hash = "", remembered: string | null = null) {
  const kept = new Map(remembered ? [["quanjing.theme", remembered]] : []);
  let changed: () => void = () => undefined;
  const prefersLight = { matches: system === "light", addEventListener: (_: string, listener: () => void) => void (changed = listener) };
  const root = { dataset: {} as DOMStringMap };
  const memory = { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => void kept.set(key, value) };
  const theme = new ThemeSwitch({ root, prefersLight: prefersLight as unknown as MediaQueryList, memory, hash });
  const systemTurns = (light: boolean) => {
    prefersLight.matches = light;
    changed();
  };
  return { theme, root, kept, systemTurns };
}

test("without a word the page follows the system, and goes on following it", () => {
  const { theme, root, systemTurns } = page("light");
  expect([theme.wish, theme.current, root.dataset.theme]).toEqual(["auto", "light", "light"]);
  systemTurns(false);
  expect([theme.wish, root.dataset.theme]).toEqual(["auto", "dark"]);
  expect(theme.palette).toBe(themes.dark);
});

test("a choice is remembered, and stays when the system turns", () => {
  const { theme, root, kept, systemTurns } = page("dark");
  theme.turn();
  expect([theme.wish, kept.get("quanjing.theme")]).toEqual(["light", "light"]);
  systemTurns(false);
  expect(root.dataset.theme).toBe("light");
  theme.turn();
  theme.turn();
  expect(theme.wish).toBe("auto");
});

test("a link goes before what is remembered, and does not replace it", () => {
  const { theme, kept } = page("dark", "#sel=1&theme=light", "dark");
  expect(theme.current).toBe("light");
  expect(kept.get("quanjing.theme")).toBe("dark");
});

test.each([
  ["#theme=dark", "dark"],
  ["#draft=1&theme=light", "light"],
  ["#theme=print", null],
  ["", null],
])("%s asks for %s", (hash, theme) => {
  expect(themeOf(hash)).toBe(theme);
});

test("a colour that would vanish on its ground is moved towards the ink, others stay", () => {
  expect(legible("#9a6432", "#ffffff", "#14232a")).toBe("#9a6432");
  expect(legible("#e9eef1", "#ffffff", "#14232a")).not.toBe("#e9eef1");
  expect(legible("#e9eef1", "#0b1418", "#e8f0f2")).toBe("#e9eef1");
});
