/** The versions of an enterprise's four drawings: what stands, what is decided, how two of them differ. */
import { computed, reactive, shallowRef } from "vue";
import { drawingsAt, versionsApi } from "./api";
import type { Decision, Difference, Drawings, Version } from "./types";

/** How often a decision is looked after until the worker has carried it out, milliseconds. */
const LOOK_MS = 600;

/** A sheet that is looked at: its pictures' addresses. */
export interface Shown {
  title: string;
  svg: string;
  pdf: string;
}

export function openVersions(enterprise: () => string | null, message: (error: unknown) => string) {
  const drawings = shallowRef<Drawings | null>(null);
  const difference = shallowRef<Difference | null>(null);
  const sheet = shallowRef<Shown | null>(null);
  const state = reactive({
    error: "",
    /** The change that is chosen, in the list and on the map: its place among the changes. */
    change: null as number | null,
  });
  let looking: ReturnType<typeof setTimeout> | undefined;

  const mustReview = computed(() => drawings.value?.review ?? false);
  const isPending = (version: Version) => version.acts.some((act) => act.done_at === null);

  async function read(): Promise<void> {
    const owner = enterprise();
    clearTimeout(looking);
    if (!owner) return;
    try {
      const found = await versionsApi.drawings(owner);
      if (enterprise() !== owner) return;
      drawings.value = found;
      state.error = "";
      if (found.drawings.some((one) => one.versions.some(isPending))) looking = setTimeout(() => void read(), LOOK_MS);
    } catch (error) {
      state.error = message(error);
    }
  }

  /** Forget what is shown of another enterprise. */
  function leave(): void {
    clearTimeout(looking);
    drawings.value = difference.value = sheet.value = null;
    state.change = null;
  }

  /** Decide about a version; returns whether the server took it. */
  async function decide(version: Version, act: Decision, signed: string, reason: string, day: string): Promise<boolean> {
    const owner = enterprise();
    if (!owner) return false;
    try {
      await versionsApi.decide(owner, version.drawing_kind, version.version, { act, signed, reason, resurvey_on: day || null });
      state.error = "";
    } catch (error) {
      state.error = message(error);
      return false;
    }
    await read();
    return true;
  }

  async function compare(version: Version): Promise<void> {
    const owner = enterprise();
    if (!owner) return;
    try {
      const found = await versionsApi.difference(owner, version.drawing_kind, version.version);
      state.error = "";
      state.change = null;
      difference.value = found;
    } catch (error) {
      state.error = message(error);
    }
  }

  const file = (version: Version) => `${drawingsAt(enterprise() ?? "")}/${version.drawing_kind}/${version.version}/file`;

  /** Show the sheet of what stands, or of what waits for its review. */
  function showSheet(version: Version, title: string): void {
    const { drawing_kind: kind, version: number } = version;
    const at = version.proof ? `${drawingsAt(enterprise() ?? "")}/${kind}/${number}/proof` : `/api/enterprises/${enterprise()}/sheets/${kind}`;
    sheet.value = { title, svg: `${at}.svg`, pdf: `${at}.pdf` };
  }

  function showDifference(title: string): void {
    const now = difference.value;
    if (!now) return;
    const query = `to=${now.to}${now.from === null ? "" : `&from=${now.from}`}`;
    const at = `${drawingsAt(enterprise() ?? "")}/${now.drawing_kind}/difference`;
    sheet.value = { title, svg: `${at}.svg?${query}`, pdf: `${at}.pdf?${query}` };
  }

  return {
    drawings, difference, sheet, state, mustReview, isPending, read, leave, decide, compare, file, showSheet, showDifference,
    closeDifference: () => {
      difference.value = null;
      state.change = null;
    },
    closeSheet: () => (sheet.value = null),
    choose: (change: number | null) => (state.change = change),
  };
}
