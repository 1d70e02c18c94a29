/** What the server says: asked on opening, asked again soon after something of it changed; the newest answer wins. */
import { onScopeDispose, ref, shallowRef } from "vue";
import { ApiError } from "../core/api";
import type { FeatureStore } from "../core/store";

export interface Question<T> {
  ask: () => Promise<T>;
  /** Whether an answer, null before the first, tells of a feature. */
  tells: (answer: T | null, feature: string) => boolean;
  /** Several events of one commit become one request, milliseconds. */
  settle_ms: number;
}

/** `missing`: there is no such thing (404); `failed`: the question found no answer. */
export type Problem = "missing" | "failed";

export function useAnswer<T>(store: FeatureStore, { ask, tells, settle_ms }: Question<T>) {
  const answer = shallowRef<T | null>(null);
  const problem = ref<Problem | null>(null);
  /** Grows with each answer, so that what hangs on it is read again too. */
  const revision = ref(0);
  let asked = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function read(): Promise<void> {
    const turn = ++asked;
    try {
      const said = await ask();
      if (turn !== asked) return;
      answer.value = said;
      problem.value = null;
      revision.value += 1;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (turn === asked) problem.value = error.status === 404 ? "missing" : "failed";
    }
  }

  const stop = store.subscribe((change) => {
    if (change.topic !== "touched" || !tells(answer.value, change.feature)) return;
    clearTimeout(timer);
    timer = setTimeout(() => void read(), settle_ms);
  });
  onScopeDispose(() => {
    stop();
    clearTimeout(timer);
    asked += 1;
  });
  void read();
  return { answer, problem, revision, read };
}
