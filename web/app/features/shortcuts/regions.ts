/** The parts of the page that F6 goes round: whatever says `data-region`, in the page's order. */
export function focusNextRegion(backwards: boolean) {
  const all = [...document.querySelectorAll<HTMLElement>("[data-region]")].filter(
    (el) => el.offsetParent !== null,
  );
  if (all.length === 0) return;
  const at = all.findIndex((el) => el.contains(document.activeElement));
  const step = backwards ? -1 : 1;
  const next = at < 0 ? (backwards ? all.length - 1 : 0) : (at + step + all.length) % all.length;
  const region = all[next]!;
  const target = region.querySelector<HTMLElement>("[aria-current=page], [data-region-focus]");
  (target ?? region).focus();
}
