import { useEffect, type RefObject } from "react";

/** Ready to type at once; but not where that would open a keyboard over the page, nor away from
 * something that has the focus. */
export function useInitialFocus(area: RefObject<HTMLTextAreaElement | null>) {
  useEffect(() => {
    const at = document.activeElement;
    const isFree = at === null || at === document.body || at.matches("a, main");
    if (isFree && window.matchMedia("(pointer: fine)").matches) area.current?.focus();
  }, [area]);
}
