import { startTransition, StrictMode } from "react";
import { CacheProvider } from "@emotion/react";
import { hydrateRoot } from "react-dom/client";
import { HydratedRouter } from "react-router/dom";
import { RenderContext } from "./render";
import { createStyleCache } from "./ui/styleCache";
import { asLanguage } from "./i18n/language";
import { loadCatalogue } from "./i18n/catalogue";
import { preferencesOfCookie } from "./features/settings/preferences";
import { registerOffline } from "./offline";

const nonce = document.querySelector<HTMLScriptElement>("script[nonce]")?.nonce || undefined;
const lang = asLanguage(document.documentElement.dataset.rendered) ?? "en";

const catalogue = await loadCatalogue(lang);
startTransition(() => {
  hydrateRoot(
    document,
    <StrictMode>
      <CacheProvider value={createStyleCache(nonce)}>
        <RenderContext
          value={{ lang, catalogue, nonce, preferences: preferencesOfCookie(document.cookie) }}
        >
          <HydratedRouter />
        </RenderContext>
      </CacheProvider>
    </StrictMode>,
  );
});
registerOffline();
