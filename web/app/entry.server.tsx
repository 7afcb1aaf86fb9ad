import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { CacheProvider } from "@emotion/react";
import createEmotionServer from "@emotion/server/create-instance";
import { renderToPipeableStream } from "react-dom/server";
import { ServerRouter, type EntryContext } from "react-router";
import { RenderContext } from "./render";
import { createStyleCache } from "./ui/styleCache";
import { languageOfRequest } from "./i18n/language";
import { loadCatalogue } from "./i18n/catalogue";
import { preferencesOfCookie } from "./features/settings/preferences";

// The whole page is rendered before it is sent: emotion's styles are gathered from the finished
// text, and a page without script must be complete.
export default async function handleRequest(
  request: Request,
  status: number,
  headers: Headers,
  context: EntryContext,
  load: { nonce?: string } | undefined,
) {
  const cache = createStyleCache();
  const styles = createEmotionServer(cache);
  const lang = languageOfRequest(request.headers);
  const render = {
    lang,
    catalogue: await loadCatalogue(lang),
    preferences: preferencesOfCookie(request.headers.get("cookie") ?? ""),
    nonce: load?.nonce,
  };
  const page = await renderPage(
    <CacheProvider value={cache}>
      <RenderContext value={render}>
        <ServerRouter context={context} url={request.url} nonce={render.nonce} />
      </RenderContext>
    </CacheProvider>,
    render.nonce,
  );
  const tags = styles.constructStyleTagsFromChunks(styles.extractCriticalToChunks(page));
  const withNonce = render.nonce
    ? tags.replaceAll("<style ", `<style nonce="${render.nonce}" `)
    : tags;
  headers.set("Content-Type", "text/html; charset=utf-8");
  return new Response(page.replace("</head>", () => `${withNonce}</head>`), { status, headers });
}

function renderPage(node: React.ReactNode, nonce: string | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    const { pipe } = renderToPipeableStream(node, {
      nonce,
      onAllReady() {
        const out = new PassThrough();
        resolve(text(out));
        pipe(out);
      },
      onShellError: reject,
    });
  });
}
