import { css } from "@emotion/react";
import { useI18n } from "~/i18n/I18n";
import { Button, ButtonLink } from "./Button";
import { Empty } from "./Empty";
import { Mark } from "./Mark";
import { Title } from "./Title";

export function Trouble({ kind }: { kind: "lost" | "broken" }) {
  const { t } = useI18n();
  return (
    <main id="main" tabIndex={-1} css={css`display: flex; flex: 1; min-height: 100%;`}>
      <Title text={t(`${kind}.heading`)} />
      <Empty art={<Mark size={56} />} heading={t(`${kind}.heading`)} text={t(`${kind}.text`)}>
        {kind === "broken" && (
          <Button look="primary" onClick={() => location.reload()}>{t("broken.reload")}</Button>
        )}
        <ButtonLink to="/">{t("lost.link")}</ButtonLink>
      </Empty>
    </main>
  );
}
