/** The card of one feature: read on opening, read again when the feature changes, the newest answer wins. */
import { onScopeDispose, ref, shallowRef } from "vue";
import { ApiError } from "../core/api";
import type { Card } from "../core/types";
import { useContext } from "./context";

export type CardProblem = "gone" | "failed";

/** Several events of one commit become one request, milliseconds. */
const SETTLE_MS = 150;

export function useCard(feature: string) {
  const { api, store } = useContext();
  const card = shallowRef<Card | null>(null);
  const problem = ref<CardProblem | null>(null);
  /** Grows with each answer, so that what hangs on the card is read again too. */
  const revision = ref(0);
  let asked = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function read(): Promise<void> {
    const turn = ++asked;
    try {
      const answer = await api.card(feature);
      if (turn !== asked) return;
      card.value = answer;
      problem.value = null;
      revision.value += 1;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (turn !== asked) return;
      problem.value = error.status === 404 ? "gone" : "failed";
    }
  }

  const stop = store.subscribe((change) => {
    if (change.topic !== "touched" || change.feature !== feature) return;
    clearTimeout(timer);
    timer = setTimeout(() => void read(), SETTLE_MS);
  });
  onScopeDispose(() => {
    stop();
    clearTimeout(timer);
    asked += 1;
  });
  void read();
  return { card, problem, revision, read };
}
