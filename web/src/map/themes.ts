import type { Theme } from "../core/theme";

/** Style of the server for a theme of the pages. */
export const STYLES: Record<Theme, string> = { light: "light", dark: "wall-dark" };
