import { useEffect, useState } from "react";
import { css } from "@emotion/react";
import { useI18n } from "~/i18n/I18n";
import { useChat, useChatClient } from "~/features/chat/useChat";

// A cut shorter than this is nobody's business.
const QUIET_MS = 1500;

function useNow(active: boolean): number {
  const [now, set] = useState(() => Date.now());
  useEffect(() => {
    if (!active) return;
    set(Date.now());
    const timer = setInterval(() => set(Date.now()), 500);
    return () => clearInterval(timer);
  }, [active]);
  return now;
}

export function ConnectionBanner() {
  const { t, count } = useI18n();
  const client = useChatClient();
  const link = useChat((s) => s.connection);
  const queued = useChat((s) => s.outbox.filter((e) => e.status === "pending").length);
  const cut = link.status === "waiting" || link.status === "connecting";
  const [since, setSince] = useState(0);
  useEffect(() => setSince(cut ? Date.now() : 0), [cut]);
  const now = useNow(cut);
  const visible = cut && since > 0 && now - since >= QUIET_MS;

  const [told, setTold] = useState(false);
  if (visible && !told) setTold(true);

  const seconds = link.retryAt === null ? 0 : Math.max(0, Math.ceil((link.retryAt - now) / 1000));
  const waiting = link.status === "waiting" && seconds > 0;
  return (
    <div role="status" aria-label={t("connection.region")}>
      {!cut && told && link.status === "online" && <span className="sr-only">{t("connection.back")}</span>}
      {visible && (
        <div css={banner}>
          {/* The countdown is for eyes only: it would be read out every second. */}
          <span aria-hidden={waiting}>
            {waiting ? count("connection.waiting", seconds) : t("connection.connecting")}
          </span>
          {queued > 0 && <span>{count("connection.queued", queued)}</span>}
          <button type="button" css={button} onClick={() => client.retryNow()}>
            {t("connection.retryNow")}
          </button>
        </div>
      )}
    </div>
  );
}

const banner = css`
  display: flex; flex-wrap: wrap; align-items: center; justify-content: center; column-gap: var(--s3);
  min-height: 36px; padding: 2px var(--s4); font-size: 14px;
  background: var(--warn-bg); color: var(--warn-text); font-variant-numeric: tabular-nums;
`;
const button = css`
  min-height: var(--target-compact); padding: 0 var(--s2); border: 0; border-radius: var(--r1);
  background: none; font-weight: 650; text-decoration: underline; text-underline-offset: 3px;
`;
