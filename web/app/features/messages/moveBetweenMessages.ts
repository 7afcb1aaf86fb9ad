import type { Virtualizer } from "@tanstack/react-virtual";
import type { Row } from "./rows";

/** Up and down go from message to message, also to those that are not drawn yet. */
export function moveBetweenMessages(
  e: React.KeyboardEvent<HTMLElement>,
  virtual: Virtualizer<HTMLDivElement, Element>,
  rows: readonly Row[],
) {
  const target = e.target as HTMLElement;
  if (target !== e.currentTarget && !target.matches("article")) return;
  const list = e.currentTarget;
  const here = target.closest<HTMLElement>("[data-index]");
  const lastShown = virtual.getVirtualItems().at(-1)?.index ?? 0;
  const from = here ? Number(here.dataset.index) : lastShown + 1;
  const step = { ArrowUp: -1, ArrowDown: 1 }[e.key];
  if (!step || (!here && step > 0)) return;
  e.preventDefault();
  let to = from + step;
  while (rows[to] && rows[to]!.kind !== "post") to += step;
  if (!rows[to]) return;
  const focus = () => {
    const article = list.querySelector<HTMLElement>(`[data-index="${to}"] article`);
    article?.focus({ preventScroll: true });
    return article !== null;
  };
  virtual.scrollToIndex(to, { align: "auto" });
  if (!focus()) requestAnimationFrame(focus);
}
