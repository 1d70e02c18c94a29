/** One drawing on the page: its draft on the server, its preview, the rules and control points as they are edited. */
import { computed, reactive, shallowRef } from "vue";
import { ApiError } from "../core/api";
import type { Enterprise, FeatureSummary } from "../core/types";
import type { Upload } from "../core/upload";
import { draftsApi, MAX_BYTES, upload, versionsApi } from "./api";
import * as control from "./control";
import { planeOf, type Plane } from "./plane";
import { Rules, UNDECIDED, type Choice } from "./rules";
import { t } from "./text";
import { openVersions } from "./versions";
import { DRAWING_KINDS, type ControlPoint, type Draft, type DrawingKind, type Enums, type Group, type Kind, type Preview } from "./types";

/** Changes come in bursts; the drawing is read again once after the last of them, milliseconds. */
const SETTLE_MS = 700;
/** `<22-character source code>_<A|B|C|D>_v<nn>.dxf` (drafting norm), or the DWG that it is saved from. */
const NAMED = /^([0-9A-HJ-NPQRTUWXY]{18}\d{3}[A-Z])_([ABCD])_v\d{2,}\.d(?:xf|wg)$/i;

export interface Selection {
  group: number | null;
  handle: string | null;
}

/** Who signs here: the name that was written last. */
export const signature = (): string => localStorage.getItem("drafting.signature") ?? "";
export const sign = (name: string): void => localStorage.setItem("drafting.signature", name);

const message = (error: unknown): string => {
  if (!(error instanceof ApiError)) throw error;
  return error.status === 0 ? t("error.network") : error.message;
};

export function openSession() {
  const lists = shallowRef<{ kinds: Kind[]; enums: Enums; enterprises: Enterprise[] } | null>(null);
  const draft = shallowRef<Draft | null>(null);
  const preview = shallowRef<Preview | null>(null);
  const plane = shallowRef<Plane | null>(null);
  const rules = shallowRef<Rules | null>(null);
  const existing = shallowRef<FeatureSummary[]>([]);
  const state = reactive({
    error: "",
    /** The share of the file that has left; null while none is on its way. */
    uploading: null as number | null,
    fileName: "",
    bytes: 0,
    enterprise: null as string | null,
    drawingKind: null as DrawingKind | null,
    crs: "",
    points: [] as ControlPoint[],
    /** How the drawing will be handed in. */
    handed: { review: false, drawn_by: signature(), reason: "" },
    /** Something was changed that the server has not read yet. */
    dirty: false,
    selection: { group: null, handle: null } as Selection,
    /** The control point that waits for a click on the map. */
    picking: null as number | null,
  });

  let sending: Upload<Draft> | null = null;
  let events: EventSource | null = null;
  let settling: ReturnType<typeof setTimeout> | undefined;
  /** The revision of the preview that is shown. */
  let shown = 0;

  const versions = openVersions(() => state.enterprise, message);

  const kinds = computed(() => new Map((lists.value?.kinds ?? []).map((kind) => [kind.name, kind])));
  const enterprise = computed(() => lists.value?.enterprises.find((row) => row.feature_id === state.enterprise) ?? null);
  const busy = computed(() => state.uploading !== null || state.dirty || draft.value?.state === "reading" || draft.value?.state === "importing");
  /** What a group becomes: as just chosen, else as the last reading had it. */
  const fateOf = (group: Group): Choice => rules.value?.choice(group) ?? { ...UNDECIDED, kind: group.kind, ignore: group.ignore };

  /** Why importing is not possible now; null where it is. */
  const obstacle = computed((): string | null => {
    const now = draft.value;
    if (!now) return t("import.no.draft");
    if (now.state === "failed" || now.state === "cancelled") return t("import.no.failed");
    if (busy.value || now.read_revision !== now.revision || !now.summary) return t("import.no.busy");
    if (!state.enterprise) return t("import.no.enterprise");
    if (now.summary.blocking) return t("import.no.blocking", { count: now.summary.blocking });
    return now.summary.counts.stored === 0 ? t("import.no.nothing") : null;
  });

  async function attempt(run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      state.error = message(error);
    }
  }

  async function start(): Promise<void> {
    state.error = "";
    await attempt(async () => {
      const [{ kinds: rows, enums }, enterprises] = await Promise.all([draftsApi.kinds(), draftsApi.enterprises()]);
      lists.value = { kinds: rows.filter((kind) => kind.name !== "enterprise"), enums, enterprises };
      const wanted = new URLSearchParams(location.hash.slice(1));
      if (enterprises.length === 1) await choose(enterprises[0]!.feature_id);
      const named = wanted.get("enterprise");
      if (named && enterprises.some((row) => row.feature_id === named)) await choose(named);
      const id = wanted.get("draft");
      if (id) await resume(id);
    });
  }

  async function resume(id: string): Promise<void> {
    try {
      take(await draftsApi.draft(id), true);
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) throw error;
      state.error = t("error.gone");
      history.replaceState(null, "", location.pathname);
      return;
    }
    follow(id);
  }

  /** Take over what the server says of the draft; `whole`: its options too, which the page has not set itself. */
  function take(now: Draft, whole = false): void {
    if (now.state === "imported" && draft.value?.state === "importing") void versions.read();
    draft.value = now;
    state.fileName = now.file_name;
    state.bytes = now.bytes;
    if (whole && now.options) {
      state.crs = now.options.crs ?? "";
      state.points = control.read(now.options.gcp);
      rules.value = now.options.mapping ? Rules.of(now.options.mapping) : null;
    }
    if ((whole || !state.enterprise) && now.enterprise_id) void choose(now.enterprise_id);
    if (whole || !state.drawingKind) state.drawingKind = now.drawing_kind;
    if (now.read_revision > shown) {
      shown = now.read_revision;
      void attempt(() => show(now.draft_id));
    }
  }

  async function show(id: string): Promise<void> {
    const read = await draftsApi.result(id);
    if (draft.value?.draft_id !== id) return;
    plane.value = planeOf(read);
    preview.value = read;
  }

  function follow(id: string): void {
    events?.close();
    events = new EventSource(`/api/drafts/${id}/events`);
    events.addEventListener("draft", (event: MessageEvent<string>) => take(JSON.parse(event.data) as Draft));
    events.addEventListener("gone", () => {
      events?.close();
      state.error = t("error.gone");
    });
  }

  /** Forget the drawing that is shown; the enterprise stays chosen. */
  function reset(): void {
    sending?.abort();
    events?.close();
    clearTimeout(settling);
    sending = events = null;
    shown = 0;
    draft.value = preview.value = plane.value = rules.value = null;
    Object.assign(state, { error: "", uploading: null, fileName: "", bytes: 0, drawingKind: null, crs: "", points: [], dirty: false, picking: null });
    state.selection = { group: null, handle: null };
    history.replaceState(null, "", location.pathname);
  }

  /** Send a file up, and follow what becomes of it. */
  async function open(file: File): Promise<void> {
    reset();
    if (file.size > MAX_BYTES) state.error = t("drop.tooLarge");
    else if (!/\.d(xf|wg)$/i.test(file.name)) state.error = t("drop.notDxf");
    if (state.error) return;
    const named = NAMED.exec(file.name);
    const owner = lists.value?.enterprises.find((row) => row.source_code === named?.[1]?.toUpperCase());
    if (owner) await choose(owner.feature_id);
    state.drawingKind = (named?.[2]?.toUpperCase() as DrawingKind | undefined) ?? DRAWING_KINDS[0]!;
    Object.assign(state, { uploading: 0, fileName: file.name, bytes: file.size });
    const query = { drawing_kind: state.drawingKind, ...(state.enterprise ? { enterprise: state.enterprise } : {}) };
    sending = upload(file, query, (share) => (state.uploading = share));
    try {
      const made = await sending.done;
      take(made, true);
      follow(made.draft_id);
      history.replaceState(null, "", `#draft=${made.draft_id}`);
    } catch (error) {
      if (error instanceof ApiError && error.title === "aborted") return;
      state.error = message(error);
      state.fileName = "";
    } finally {
      state.uploading = null;
      sending = null;
    }
  }

  async function choose(id: string): Promise<void> {
    if (state.enterprise === id) return;
    versions.leave();
    state.enterprise = id;
    existing.value = [];
    void versions.read();
    await attempt(async () => {
      const rows = await draftsApi.features(id);
      if (state.enterprise === id) existing.value = rows.filter((row) => row.feature_id !== id);
    });
  }

  /** Have the drawing read again with what is set on the page, soon. */
  function changed(wait = SETTLE_MS): void {
    if (!draft.value) return;
    state.dirty = true;
    clearTimeout(settling);
    settling = setTimeout(() => void recheck(), wait);
  }

  async function recheck(): Promise<void> {
    clearTimeout(settling);
    const now = draft.value;
    if (!now) return;
    const options = {
      enterprise: state.enterprise,
      drawing_kind: state.drawingKind,
      mapping: rules.value?.text ?? null,
      gcp: control.written(state.points),
      crs: state.crs || null,
    };
    await attempt(async () => {
      const answer = await draftsApi.options(now.draft_id, options);
      if (draft.value?.draft_id === now.draft_id) take(answer);
    });
    state.dirty = false;
  }

  /** A copy to edit. Who decides group by group starts from nothing: a proposal counts only where it was adopted. */
  function editable(): Rules {
    return Rules.of(rules.value?.text ?? "") ?? Rules.of("")!;
  }

  function decide(groups: readonly Group[], choice: (group: Group) => Choice): void {
    const next = editable();
    for (const group of groups) next.choose(group, choice(group));
    rules.value = next;
    changed();
  }

  /** Take a mapping file's text as it is; returns whether it is one. */
  function adopt(text: string): boolean {
    const next = Rules.of(text);
    if (!next) return false;
    rules.value = next;
    changed(0);
    return true;
  }

  async function act(run: (id: string) => Promise<Draft>): Promise<void> {
    const id = draft.value?.draft_id;
    if (id) await attempt(async () => take(await run(id)));
  }

  /** Look at a version again: its file becomes a draft, so that what is wrong with it can be seen on the map. */
  async function reopen(kind: DrawingKind, version: number, name: string): Promise<void> {
    const owner = state.enterprise;
    if (owner) await attempt(async () => open(await versionsApi.file(owner, kind, version, name)));
  }

  function publish(): Promise<void> {
    const { review, drawn_by, reason } = state.handed;
    if (drawn_by.trim()) sign(drawn_by.trim());
    const handed = { review: review || versions.mustReview.value, drawn_by: drawn_by.trim() || null, reason: reason.trim() || null, resurvey_on: null };
    return act((id) => draftsApi.publish(id, handed));
  }

  return {
    versions, reopen, publish,
    lists, draft, preview, plane, rules, existing, state, kinds, enterprise, busy, obstacle,
    start, open, reset, choose, changed, recheck, decide, adopt, fateOf,
    cancel: () => (sending ? reset() : act(draftsApi.cancel)),
    select: (selection: Selection) => (state.selection = selection),
  };
}

export type Session = ReturnType<typeof openSession>;
