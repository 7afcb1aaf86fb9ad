import { useEffect, useRef } from "react";
import { css } from "@emotion/react";
import { Form, useNavigation } from "react-router";
import { useI18n } from "~/i18n/I18n";
import { Button } from "~/ui/Button";
import { Field } from "~/ui/Field";
import type { Change } from "./change";

export function CreateForm({ eager, refused }: { eager: boolean; refused?: Extract<Change, { ok: false }> }) {
  const { t } = useI18n();
  const form = useRef<HTMLFormElement>(null);
  const busy = useNavigation().formData?.get("intent") === "create";
  useEffect(() => {
    if (eager || refused) form.current?.querySelector<HTMLInputElement>("input[name=name]")?.focus();
  }, [eager, refused]);
  return (
    <section css={box} aria-labelledby="create-heading">
      <h2 id="create-heading" css={css`font-size: 16px; margin-bottom: var(--s3);`}>
        {t("browse.createHeading")}
      </h2>
      <Form method="post" action="/browse" ref={form} css={row}>
        <div css={css`flex: 1; min-width: 0;`}>
          <Field
            label={t("browse.name")} name="name" autoComplete="off" maxLength={160}
            defaultValue={refused?.name} error={refused && t(refused.problem.key, refused.problem.values)}
          />
        </div>
        <Button type="submit" name="intent" value="create" look="primary" aria-disabled={busy}
          css={css`margin-top: 25px; min-height: 44px;`}>
          {t("browse.create")}
        </Button>
      </Form>
    </section>
  );
}

const box = css`
  margin-bottom: var(--s5); padding: var(--s4); border-radius: var(--r2); background: var(--bg-side);
`;
const row = css`display: flex; align-items: flex-start; gap: var(--s3);`;
