import { useCallback, useEffect, useRef } from "react";
import type { Virtualizer } from "@tanstack/react-virtual";

type List = Virtualizer<HTMLDivElement, Element>;

/** Whether the newest is in view. Going up leaves it at once. A message that arrives puts the end
 * further away for as long as it takes to follow: that is no leaving, and is looked at again. */
export function useAtEnd(within: number, set: (atEnd: boolean) => void): (list: List) => void {
  const offset = useRef(0);
  const frame = useRef(0);
  useEffect(() => () => cancelAnimationFrame(frame.current), []);
  return useCallback((list) => {
    cancelAnimationFrame(frame.current);
    const before = offset.current;
    offset.current = list.scrollOffset ?? 0;
    if (list.isAtEnd(within)) set(true);
    else if (offset.current < before) set(false);
    else {
      const again = (run: () => void) => { frame.current = requestAnimationFrame(run); };
      again(() => again(() => again(() => set(list.isAtEnd(within)))));
    }
  }, [within, set]);
}
