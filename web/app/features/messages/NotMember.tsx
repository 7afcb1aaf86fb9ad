import { css } from "@emotion/react";
import { Form } from "react-router";
import { useI18n } from "~/i18n/I18n";
import { Button, ButtonLink } from "~/ui/Button";
import { Empty } from "~/ui/Empty";
import { Mark } from "~/ui/Mark";
import { Title } from "~/ui/Title";

export function NotMember({ channelId }: { channelId: string }) {
  const { t } = useI18n();
  return (
    <main id="main" tabIndex={-1} css={css`display: flex; flex: 1; min-width: 0;`}>
      <Title text={t("channel.notMember")} />
      <Empty art={<Mark size={56} />} heading={t("channel.notMember")} text={t("channel.notMemberText")}>
        <Form method="post" action="/browse">
          <input type="hidden" name="channel" value={channelId} />
          <Button type="submit" look="primary" name="intent" value="join">{t("channel.joinThis")}</Button>
        </Form>
        <ButtonLink to="/browse">{t("nav.browse")}</ButtonLink>
      </Empty>
    </main>
  );
}
