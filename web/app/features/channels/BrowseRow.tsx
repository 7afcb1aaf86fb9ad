import { css } from "@emotion/react";
import { Form } from "react-router";
import type { ChannelRow } from "~/api/types";
import { useI18n } from "~/i18n/I18n";
import { dateOf } from "~/features/messages/times";
import { Button, ButtonLink } from "~/ui/Button";
import { Icon } from "~/ui/Icon";

export function BrowseRow({ channel, joined }: { channel: ChannelRow; joined: boolean }) {
  const { t, lang } = useI18n();
  const date = dateOf(lang, Date.parse(channel.created_at));
  return (
    <li css={row}>
      <span css={css`color: var(--text-soft);`}><Icon name="hash" /></span>
      <div css={css`flex: 1; min-width: 0;`}>
        <div css={css`font-weight: 600;`}>{channel.name}</div>
        <div css={css`font-size: 13px; color: var(--text-soft);`} suppressHydrationWarning>
          {joined && <span css={css`color: var(--accent); font-weight: 600;`}>{t("browse.joined")} · </span>}
          {t("browse.created", { date })}
        </div>
      </div>
      {joined ? (
        <ButtonLink compact to={`/c/${channel.id}`} aria-label={t("browse.openNamed", { name: channel.name })}>
          {t("browse.open")}
        </ButtonLink>
      ) : (
        <Form method="post" action="/browse">
          <input type="hidden" name="channel" value={channel.id} />
          <Button compact type="submit" name="intent" value="join" aria-label={t("browse.joinNamed", { name: channel.name })}>
            {t("browse.join")}
          </Button>
        </Form>
      )}
    </li>
  );
}

const row = css`
  display: flex; align-items: center; gap: var(--s3); min-height: 64px; padding: var(--s2) 0;
  border-bottom: 1px solid var(--line);
`;
