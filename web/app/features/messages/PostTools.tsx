import { useI18n } from "~/i18n/I18n";
import { useAnnounce } from "~/ui/Announcer";
import { IconButton, IconLink } from "~/ui/Button";

/** What can be done with a message. */
export function PostTools({ channelId, id, thread }: { channelId: string; id: number; thread: string }) {
  const { t } = useI18n();
  const announce = useAnnounce();
  const copy = async () => {
    await navigator.clipboard.writeText(`${location.origin}/c/${channelId}?m=${id}`);
    announce(t("messages.copied"));
  };
  return (
    <>
      <IconLink icon="reply" label={t("messages.reply")} to={thread} />
      <IconButton icon="link" label={t("messages.copyLink")} onClick={() => void copy()} />
    </>
  );
}
