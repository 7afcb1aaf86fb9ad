import { useEffect } from "react";
import { css } from "@emotion/react";
import { useNavigate } from "react-router";
import { useI18n } from "~/i18n/I18n";
import { useChat } from "~/features/chat/useChat";
import { channelList, isListed, totalUnread } from "~/realtime/selectors";
import { lastChannel } from "~/features/channels/last";
import { useMe } from "~/features/shell/me";
import { useLive } from "~/features/shell/Pane";
import { ButtonLink } from "~/ui/Button";
import { Empty } from "~/ui/Empty";
import { Mark } from "~/ui/Mark";
import { Title } from "~/ui/Title";

export default function Home() {
  return useLive() ? <LiveHome /> : <Welcome isNew={false} unread={0} />;
}

/** Wide windows go on where one was; a phone shows the list of channels here. */
function LiveHome() {
  const channels = useChat(channelList);
  const known = useChat(isListed);
  const unread = useChat(totalUnread);
  const navigate = useNavigate();
  const last = lastChannel();
  const target = channels.find((c) => c.id === last)?.id ?? (known ? channels[0]?.id : undefined);
  useEffect(() => {
    const wide = window.matchMedia("(min-width: 760px)").matches;
    if (target && wide) void navigate(`/c/${target}`, { replace: true });
  }, [target, navigate]);
  if (!known && channels.length === 0) return <Title text="parley" />;
  return <Welcome isNew={channels.length === 0} unread={unread} />;
}

function Welcome({ isNew, unread }: { isNew: boolean; unread: number }) {
  const { t } = useI18n();
  const { name } = useMe();
  return (
    <main id="main" tabIndex={-1} css={page}>
      <Title text={t("nav.label")} unread={unread} />
      {/* On a phone the list of channels beside this is the page. */}
      <h1 className="sr-only">{t("nav.channels")}</h1>
      <Empty
        art={<Mark size={56} />}
        heading={isNew ? t("home.emptyHeading", { name }) : t("home.heading")}
        text={t(isNew ? "home.emptyText" : "home.text")}
      >
        <ButtonLink to="/browse?new" look="primary">{t("nav.create")}</ButtonLink>
        <ButtonLink to="/browse">{t("nav.browse")}</ButtonLink>
      </Empty>
    </main>
  );
}

const page = css`
  display: flex; flex: 1;
  @media (min-width: 760px) { & > h1 { display: none; } }
  @media (max-width: 759px) { & > div { display: none; } }
`;
