import { useSyncExternalStore } from "react";
import { css } from "@emotion/react";
import { Form, useSubmit } from "react-router";
import { useI18n } from "~/i18n/I18n";
import { languages, type Language } from "~/i18n/language";
import { useChatClient } from "~/features/chat/useChat";
import { forgetDrafts } from "~/features/composer/drafts";
import { useMe } from "~/features/shell/me";
import { openOverlay } from "~/features/shell/overlay";
import { Dialog } from "~/ui/Dialog";
import { Button } from "~/ui/Button";
import { Choice } from "./Choice";
import { NotifySetting } from "./NotifySetting";
import { contrasts, themes } from "./preferences";
import { onPreferences, preferences, setPreference } from "./theme";

const languageNames: Record<Language, string> = { en: "English", "zh-Hant": "繁體中文" };

export default function Settings({ onClose }: { onClose: () => void }) {
  const { t, lang, setLanguage } = useI18n();
  const me = useMe();
  const client = useChatClient();
  const submit = useSubmit();
  const chosen = useSyncExternalStore(onPreferences, preferences, preferences);
  const logOut = async () => {
    onClose();
    forgetDrafts();
    await client.forget();
    await submit(null, { method: "post", action: "/logout" });
  };
  return (
    <Dialog title={t("settings.title")} onClose={onClose}>
      <div css={css`display: grid; gap: var(--s5);`}>
        <Choice
          legend={t("settings.theme")} name="theme" value={chosen.theme}
          options={themes.map((v) => ({ value: v, label: t(`settings.theme.${v}`) }))}
          onChange={(v) => setPreference("theme", v)}
        />
        <Choice
          legend={t("settings.contrast")} name="contrast" value={chosen.contrast}
          options={contrasts.map((v) => ({ value: v, label: t(`settings.contrast.${v}`) }))}
          onChange={(v) => setPreference("contrast", v)}
        />
        <Choice
          legend={t("settings.language")} name="language" value={lang}
          options={languages.map((v) => ({ value: v, label: languageNames[v], lang: v }))}
          onChange={(v) => void setLanguage(v)}
        />
        <NotifySetting />
        <div css={foot}>
          <p css={css`flex: 1 1 100%; color: var(--text-soft); font-size: 14px;`}>
            {t("settings.signedInAs", { email: me.email })}
          </p>
          <Button onClick={() => openOverlay("shortcuts")}>{t("settings.shortcuts")}</Button>
          <Form onSubmit={(e) => { e.preventDefault(); void logOut(); }}>
            <Button type="submit">{t("settings.logout")}</Button>
          </Form>
        </div>
      </div>
    </Dialog>
  );
}

const foot = css`
  display: flex; flex-wrap: wrap; gap: var(--s3);
  padding-top: var(--s4); border-top: 1px solid var(--line);
`;
