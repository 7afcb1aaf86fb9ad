// The offline shell. Files with a fingerprint never change: cache first. The shell's page comes
// from the network where there is one. Nothing of the API is kept here: messages are in IndexedDB.
const CACHE = "parley-__VERSION__";
const SHELL = "/__SHELL__";
const FILES = __FILES__;
// Pages are for whoever asks for one: without this the server answers 404.
const shell = () => new Request(SHELL, { headers: { Accept: "text/html" }, cache: "reload" });

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches.open(CACHE).then((cache) => cache.addAll([shell(), ...FILES])).then(() => self.skipWaiting()),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches.keys()
      .then((keys) => Promise.all(keys.filter((k) => k !== CACHE).map((k) => caches.delete(k))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (url.pathname.startsWith("/api/") || url.pathname === "/healthz") return;
  if (request.mode === "navigate") {
    event.respondWith(fetch(request).catch(() => caches.match(SHELL, { ignoreVary: true })));
  } else if (FILES.includes(url.pathname)) {
    event.respondWith(caches.match(request, { ignoreVary: true }).then((hit) => hit ?? fetch(request)));
  }
});
