/** The one session of the page, for its parts. */
import { inject, type InjectionKey } from "vue";
import type { ThemeSwitch } from "../core/theme";
import type { Session } from "./session";

export const SESSION: InjectionKey<Session> = Symbol("drafting");

export const THEME: InjectionKey<ThemeSwitch> = Symbol("theme");

export function usePageTheme(): ThemeSwitch {
  const theme = inject(THEME);
  if (!theme) throw new Error("a part outside the page");
  return theme;
}

export function useSession(): Session {
  const session = inject(SESSION);
  if (!session) throw new Error("a part outside the page");
  return session;
}

/** Offer a text as a file. */
export function download(name: string, text: string, type: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

/** Let a person choose a text file; null where none was chosen. */
export function chosenText(accept: string): Promise<string | null> {
  return new Promise((resolve) => {
    const input = document.createElement("input");
    input.type = "file";
    input.accept = accept;
    input.onchange = () => void (input.files?.[0]?.text() ?? Promise.resolve(null)).then(resolve);
    input.oncancel = () => resolve(null);
    input.click();
  });
}
