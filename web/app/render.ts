import { createContext, useContext } from "react";
import type { Catalogue } from "./i18n/catalogue";
import type { Language } from "./i18n/language";
import { defaults, type Preferences } from "./features/settings/preferences";
import { en } from "./i18n/en";

/** What a page was rendered with; the browser must begin with the same. */
export interface Render {
  lang: Language;
  catalogue: Catalogue;
  preferences: Preferences;
  nonce?: string;
}

export const RenderContext = createContext<Render>({
  lang: "en",
  catalogue: en,
  preferences: defaults,
});

export const useRender = () => useContext(RenderContext);
