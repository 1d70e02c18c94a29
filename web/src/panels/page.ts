import { onMounted, onUnmounted, ref, type Ref } from "vue";

/** Whether the page is at most so many CSS pixels wide; while the caller is mounted this is kept true, and keys reach `onKey`. */
export function usePage(width: number, onKey: (event: KeyboardEvent) => void): Ref<boolean> {
  const query = matchMedia(`(max-width: ${width}px)`);
  const isNarrow = ref(query.matches);
  const onWidth = (event: MediaQueryListEvent) => (isNarrow.value = event.matches);
  onMounted(() => {
    addEventListener("keydown", onKey);
    query.addEventListener("change", onWidth);
  });
  onUnmounted(() => {
    removeEventListener("keydown", onKey);
    query.removeEventListener("change", onWidth);
  });
  return isNarrow;
}
