import { css } from "@emotion/react";
import { Form } from "react-router";
import { useI18n } from "~/i18n/I18n";
import { Button } from "~/ui/Button";
import { Dialog } from "~/ui/Dialog";

export function LeaveDialog({ name, channelId, onClose }: {
  name: string;
  channelId: string;
  onClose: () => void;
}) {
  const { t } = useI18n();
  return (
    <Dialog title={t("channel.leaveHeading", { name })} onClose={onClose}>
      <p>{t("channel.leaveText")}</p>
      <Form method="post" action="/browse" onSubmit={onClose} css={row}>
        <input type="hidden" name="channel" value={channelId} />
        <Button onClick={onClose}>{t("common.cancel")}</Button>
        <Button type="submit" look="danger" name="intent" value="leave">{t("channel.leaveConfirm")}</Button>
      </Form>
    </Dialog>
  );
}

const row = css`display: flex; justify-content: flex-end; gap: var(--s3); margin-top: var(--s5);`;
