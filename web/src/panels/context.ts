/** What every panel may use, and how a panel follows the store. */
import { inject, onScopeDispose, shallowRef, type InjectionKey, type ShallowRef } from "vue";
import type { Api } from "../core/api";
import type { Session } from "../core/session";
import type { FeatureStore, Topic } from "../core/store";
import type { Palette, ThemeSwitch, Wish } from "../core/theme";

export interface Context {
  api: Api;
  store: FeatureStore;
  session: Session;
  theme: ThemeSwitch;
}

export const CONTEXT: InjectionKey<Context> = Symbol("quanjing");

export function useContext(): Context {
  const context = inject(CONTEXT);
  if (!context) throw new Error("a panel outside the application");
  return context;
}

/** A value read from the store, read again after changes of these topics, at most once a frame. */
export function useStore<T>(read: (store: FeatureStore) => T, topics: readonly Topic[]): Readonly<ShallowRef<T>> {
  const { store } = useContext();
  const value = shallowRef(read(store)) as ShallowRef<T>;
  let due = false;
  const stop = store.subscribe((change) => {
    if (due || !topics.includes(change.topic)) return;
    due = true;
    queueMicrotask(() => {
      due = false;
      value.value = read(store);
    });
  });
  onScopeDispose(stop);
  return value;
}

/** What the person wished of the theme, and the colours that came of it. */
export function useTheme(theme: ThemeSwitch): Readonly<ShallowRef<{ wish: Wish; palette: Palette }>> {
  const read = () => ({ wish: theme.wish, palette: theme.palette });
  const value = shallowRef(read());
  onScopeDispose(theme.subscribe(() => (value.value = read())));
  return value;
}

/** The time of day, read every `period_ms`. */
export function useNow(period_ms: number): Readonly<ShallowRef<number>> {
  const now = shallowRef(Date.now());
  const timer = setInterval(() => (now.value = Date.now()), period_ms);
  onScopeDispose(() => clearInterval(timer));
  return now;
}
