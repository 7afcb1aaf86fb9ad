/** Moves the focus among the buttons of a grid whose rows are as long as the window lets them be.
 * Down comes in from above, where there is no further row the focus stays. False: the key is none of ours. */
export function moveInGrid(key: string, grid: HTMLElement): boolean {
  const all = [...grid.querySelectorAll<HTMLElement>("button")];
  const at = all.indexOf(document.activeElement as HTMLElement);
  if (at < 0) {
    if (key !== "ArrowDown") return false;
    all[0]?.focus();
    return true;
  }
  const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
  if (step) all[at + step]?.focus();
  else if (key === "Home") all[0]!.focus();
  else if (key === "End") all.at(-1)!.focus();
  else if (key === "ArrowDown" || key === "ArrowUp") nearest(all, all[at]!, key === "ArrowDown" ? 1 : -1).focus();
  else return false;
  return true;
}

/** What lies closest in the next row; where there is none, what has the focus keeps it. */
function nearest(all: readonly HTMLElement[], from: HTMLElement, way: 1 | -1): HTMLElement {
  const box = from.getBoundingClientRect();
  let best = from;
  let least = Infinity;
  for (const el of all) {
    const { top, left } = el.getBoundingClientRect();
    const rows = (top - box.top) * way;
    if (rows < box.height / 2) continue;
    const far = rows * 100 + Math.abs(left - box.left);
    if (far < least) [best, least] = [el, far];
  }
  return best;
}
