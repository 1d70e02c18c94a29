/** Bookmarks, kept by the browser. */
export interface Bookmark {
  name: string;
  /** The fragment that holds the picture. */
  hash: string;
}

const KEY = "quanjing.bookmarks";
const MOST = 100;

export function readMarks(): Bookmark[] {
  try {
    const said: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    if (!Array.isArray(said)) return [];
    return said.filter((mark): mark is Bookmark => typeof mark?.name === "string" && typeof mark?.hash === "string" && mark.hash.startsWith("#")).slice(0, MOST);
  } catch {
    // Some browsers forbid it, and what another program wrote there is none of ours.
    return [];
  }
}

export function writeMarks(marks: readonly Bookmark[]): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(marks.slice(0, MOST)));
  } catch {
    // Then they last as long as the page.
  }
}
