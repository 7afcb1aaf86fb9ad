/** The service worker that shows the shell without a network; only where the build has one. */
export function registerOffline() {
  if (!import.meta.env.PROD || import.meta.env.PARLEY_SSR || !("serviceWorker" in navigator)) return;
  const register = () => void navigator.serviceWorker.register("/sw.js").catch(() => undefined);
  if (document.readyState === "complete") register();
  else addEventListener("load", register, { once: true });
}
