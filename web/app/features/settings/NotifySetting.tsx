import { css } from "@emotion/react";
import { useI18n } from "~/i18n/I18n";
import { turnOff, turnOn, useNotifyState } from "~/features/notifications/permission";
import { Button } from "~/ui/Button";

export function NotifySetting() {
  const { t } = useI18n();
  const state = useNotifyState();
  if (state === "unsupported") return null;
  return (
    <section>
      <h3 css={css`font-size: 15px; font-weight: 600; margin-bottom: var(--s2);`}>
        {t("settings.notifications")}
      </h3>
      {state !== "off" && (
        <p css={css`margin-bottom: var(--s2); color: var(--text-soft); font-size: 14px;`}>
          {t(`settings.notify.${state}`)}
        </p>
      )}
      {state === "off" && <Button onClick={() => void turnOn()}>{t("settings.notify.ask")}</Button>}
      {state === "on" && <Button onClick={turnOff}>{t("settings.notify.off")}</Button>}
    </section>
  );
}
