import { css } from "@emotion/react";
import { Form } from "react-router";
import { useI18n } from "~/i18n/I18n";
import { Markdown } from "~/markdown/Markdown";
import { Button } from "~/ui/Button";
import { Title } from "~/ui/Title";

export interface PlainMessage {
  message_id: number;
  username: string;
  content: string;
  created_at: string;
}

/** A channel as a server shows it: to be read, and to be joined. */
export function PlainChannel({ channelId, name, joined, messages }: {
  channelId: string;
  name: string;
  joined: boolean;
  messages: PlainMessage[];
}) {
  const { t } = useI18n();
  return (
    <main id="main" tabIndex={-1} css={page}>
      <Title text={name} />
      <h1 css={css`font-size: 18px; margin-bottom: var(--s4);`}>{name}</h1>
      {!joined && (
        <Form method="post" action="/browse">
          <p css={css`margin-bottom: var(--s3);`}>{t("channel.notMemberText")}</p>
          <input type="hidden" name="channel" value={channelId} />
          <Button type="submit" look="primary" name="intent" value="join">{t("channel.joinThis")}</Button>
        </Form>
      )}
      {messages.map((m) => (
        <article key={m.message_id} css={css`margin-bottom: var(--s4);`}>
          <b>{m.username}</b>
          <Markdown text={m.content} />
        </article>
      ))}
    </main>
  );
}

const page = css`flex: 1; min-width: 0; overflow-y: auto; padding: var(--s4) var(--s5);`;
