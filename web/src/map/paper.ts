/** Papers, and the bar that tells their scale. */
export type Paper = "a4l" | "a4p" | "a3l";

/** Margins of 8 mm, a title above and a line below. */
export const PAPERS: Record<Paper, { page: string; map_mm: [width: number, height: number] }> = {
  a4l: { page: "A4 landscape", map_mm: [281, 172] },
  a4p: { page: "A4 portrait", map_mm: [194, 258] },
  a3l: { page: "A3 landscape", map_mm: [404, 258] },
};

const LONGEST_MM = 60;

/** The longest round length that fits. */
export function scaleBar(metresAMm: number): { metres: number; width_mm: number } {
  const most = metresAMm * LONGEST_MM;
  const power = 10 ** Math.floor(Math.log10(most));
  const metres = [5, 2, 1].map((digit) => digit * power).find((length) => length <= most) ?? power;
  return { metres, width_mm: metres / metresAMm };
}
