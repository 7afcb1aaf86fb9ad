import { lazy, Suspense } from "react";
import { closeOverlay, useOverlay } from "./overlay";

// Fetched when first opened; the pages do not wait for them.
const Switcher = lazy(() => import("~/features/switcher/Switcher"));
const Settings = lazy(() => import("~/features/settings/Settings"));
const Shortcuts = lazy(() => import("~/features/shortcuts/ShortcutSheet"));

export function Overlays() {
  const open = useOverlay();
  return (
    <Suspense fallback={null}>
      {open === "switcher" && <Switcher onClose={closeOverlay} />}
      {open === "settings" && <Settings onClose={closeOverlay} />}
      {open === "shortcuts" && <Shortcuts onClose={closeOverlay} />}
    </Suspense>
  );
}
