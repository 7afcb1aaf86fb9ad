import { memo } from "react";
import { css } from "@emotion/react";
import { useI18n } from "~/i18n/I18n";
import type { TimelineItem } from "~/realtime/types";
import { useChat } from "~/features/chat/useChat";
import { Icon } from "~/ui/Icon";
import { Gap } from "./Gap";
import { PostView } from "./PostView";
import type { Row } from "./rows";
import { dayName } from "./times";

const isPost = (item: TimelineItem, id: number | null) =>
  item.kind === "message" && item.message.id === id;

interface Props {
  row: Row;
  channelId: string;
  wanted: number | null;
}

export const RowView = memo(function RowView({ row, channelId, wanted }: Props) {
  switch (row.kind) {
    case "start": return <Start channelId={channelId} />;
    case "day": return <Day time={row.time} />;
    case "new": return <NewDivider />;
    case "gap": return <Gap channelId={channelId} {...row.item} />;
    case "post":
      return <PostView item={row.item} first={row.first} isWanted={isPost(row.item, wanted)} />;
  }
});

function Day({ time }: { time: number }) {
  const i18n = useI18n();
  return (
    <div css={[divider, css`padding: var(--s4) var(--s5) var(--s2);`]}>
      <h2 css={css`font-size: 13px; font-weight: 600; color: var(--text-soft);`}>{dayName(i18n, time)}</h2>
    </div>
  );
}

function NewDivider() {
  const { t } = useI18n();
  return (
    <div css={[divider, newLine]} data-testid="new-divider">
      <span css={css`font-size: 12px; font-weight: 700;`}>{t("messages.new")}</span>
    </div>
  );
}

function Start({ channelId }: { channelId: string }) {
  const { t } = useI18n();
  const name = useChat((s) => s.channels[channelId]?.name ?? "");
  return (
    <div css={css`padding: var(--s6) var(--s5) var(--s3);`}>
      <span css={badge}><Icon name="hash" size={26} /></span>
      <h2 css={css`font-size: 20px; margin-top: var(--s3);`}>{t("channel.emptyHeading", { name })}</h2>
      <p css={css`color: var(--text-soft);`}>{t("channel.emptyText")}</p>
    </div>
  );
}

const divider = css`
  display: flex; align-items: center; gap: var(--s3);
  &::before, &::after { content: ""; flex: 1; height: 1px; background: var(--line); }
`;
const newLine = css`
  padding: var(--s2) var(--s5); color: var(--new);
  &::before, &::after { background: var(--new); }
  &::after { flex: 0 0 0; }
`;
const badge = css`
  display: inline-grid; place-items: center; width: 48px; height: 48px; border-radius: 30%;
  background: var(--bg-current); color: var(--accent);
`;
