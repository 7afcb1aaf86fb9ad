import { css } from "@emotion/react";
import { useI18n } from "~/i18n/I18n";
import { typingNames } from "~/realtime/selectors";
import { useChat } from "~/features/chat/useChat";

/** Who is writing; its line is always there, so that nothing moves. */
export function Typing({ channelId }: { channelId: string }) {
  const { t } = useI18n();
  const names = useChat((s) => typingNames(s, channelId));
  const [a = "", b = ""] = names;
  const text =
    names.length === 0 ? "" : names.length === 1 ? t("typing.one", { a })
    : names.length === 2 ? t("typing.two", { a, b }) : t("typing.many");
  return <p css={line} aria-live="off">{text}</p>;
}

const line = css`
  flex: none; height: calc(24px + env(safe-area-inset-bottom)); padding: 2px var(--s5) 0; overflow: hidden;
  font-size: 12px; line-height: 18px; color: var(--text-soft); text-overflow: ellipsis; white-space: nowrap;
`;
