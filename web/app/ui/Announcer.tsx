import { createContext, useCallback, useContext, useRef } from "react";

const Context = createContext<(text: string) => void>(() => undefined);

/** Says a sentence to people who listen to the page. Polite: it waits its turn. */
export const useAnnounce = () => useContext(Context);

const CLEAR_MS = 4000;

export function AnnouncerProvider({ children }: { children: React.ReactNode }) {
  const region = useRef<HTMLDivElement>(null);
  const timer = useRef(0);
  const announce = useCallback((text: string) => {
    if (!region.current) return;
    const line = document.createElement("p");
    line.textContent = text;
    region.current.append(line);
    while (region.current.childElementCount > 5) region.current.firstElementChild?.remove();
    clearTimeout(timer.current);
    timer.current = window.setTimeout(() => region.current?.replaceChildren(), CLEAR_MS);
  }, []);
  return (
    <Context value={announce}>
      {children}
      <div ref={region} className="sr-only" role="log" aria-live="polite" aria-relevant="additions" />
    </Context>
  );
}
