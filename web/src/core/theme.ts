/** Which theme a page wears: what its link says, else what was chosen in this browser before, else what the system prefers. */
import { themes } from "../generated/tokens";

export const SCREEN = ["dark", "light"] as const;
export type Theme = (typeof SCREEN)[number];
export type Wish = Theme | "auto";

type Groups = (typeof themes)["dark"];
export type Palette = { readonly [Group in keyof Groups]: { readonly [Name in keyof Groups[Group]]: string } };

/** The parts of a page that a theme has to do with. */
export interface Wardrobe {
  root: { dataset: DOMStringMap };
  /** `(prefers-color-scheme: light)` */
  prefersLight: Pick<MediaQueryList, "matches" | "addEventListener">;
  /** Null where the browser keeps nothing for pages. */
  memory: Pick<Storage, "getItem" | "setItem"> | null;
  /** The fragment of the page's address. */
  hash: string;
}

const KEY = "quanjing.theme";
const NEXT: Record<Wish, Wish> = { auto: "light", light: "dark", dark: "auto" };

export function isTheme(text: string | null | undefined): text is Theme {
  return SCREEN.includes(text as Theme);
}

/** The theme that a fragment asks for: `#…&theme=light`. */
export function themeOf(hash: string): Theme | null {
  const said = new URLSearchParams(hash.replace(/^#/, "")).get("theme");
  return isTheme(said) ? said : null;
}

function channels(colour: string): number[] {
  return [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
}

/** Relative luminance of `#rrggbb` (WCAG 2.2). */
function luminance(colour: string): number {
  const [red, green, blue] = channels(colour).map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Contrast that a thin line needs to be seen. */
const SEEN = 2.2;

/** The colour itself where it stands out from `ground`, else the nearest mixture with `ink` that does; all `#rrggbb`. */
export function legible(colour: string, ground: string, ink: string): string {
  const below = luminance(ground);
  const [from, to] = [channels(colour), channels(ink)];
  for (let share = 0; share < 1; share += 0.05) {
    const mixed = `#${from.map((value, at) => Math.round(value + (to[at]! - value) * share).toString(16).padStart(2, "0")).join("")}`;
    const here = luminance(mixed);
    if ((Math.max(here, below) + 0.05) / (Math.min(here, below) + 0.05) >= SEEN) return mixed;
  }
  return ink;
}

export class ThemeSwitch {
  private wished: Wish;
  private readonly listeners = new Set<() => void>();

  constructor(private readonly wardrobe: Wardrobe) {
    const remembered = wardrobe.memory?.getItem(KEY);
    // A link shows what its sender saw, but is no choice of who opens it: it is not remembered.
    this.wished = themeOf(wardrobe.hash) ?? (isTheme(remembered) ? remembered : "auto");
    wardrobe.prefersLight.addEventListener("change", () => this.dress());
    this.dress();
  }

  get wish(): Wish {
    return this.wished;
  }

  get current(): Theme {
    if (this.wished !== "auto") return this.wished;
    return this.wardrobe.prefersLight.matches ? "light" : "dark";
  }

  get palette(): Palette {
    return themes[this.current];
  }

  set(wish: Wish): void {
    this.wished = wish;
    this.wardrobe.memory?.setItem(KEY, wish);
    this.dress();
  }

  /** 自动 → 浅色 → 深色 → 自动. */
  turn(): void {
    this.set(NEXT[this.wished]);
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private dress(): void {
    this.wardrobe.root.dataset.theme = this.current;
    for (const listener of this.listeners) listener();
  }
}

/** The switch of the page that this script runs in. */
export function pageTheme(): ThemeSwitch {
  let memory: Storage | null = null;
  try {
    memory = localStorage;
  } catch {
    // Some browsers forbid it; then each visit starts anew.
  }
  return new ThemeSwitch({ root: document.documentElement, prefersLight: matchMedia("(prefers-color-scheme: light)"), memory, hash: location.hash });
}
