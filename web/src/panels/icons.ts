/** Paths of the tools that more than one page has, on 24 × 24. */
export const ICONS = {
  list: "M9 6h11M9 12h11M9 18h11M4 6h.01M4 12h.01M4 18h.01",
  home: "M4 11l8-7 8 7v9h-5.5v-6h-5v6H4z",
  layers: "M12 3l9 5-9 5-9-5zM3 12.5l9 5 9-5M3 17l9 5 9-5",
  zoomIn: "M12 5v14M5 12h14",
  zoomOut: "M5 12h14",
} as const;
