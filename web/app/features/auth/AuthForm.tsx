import { useEffect, useRef } from "react";
import { css } from "@emotion/react";
import { Form, Link, useNavigation, useSearchParams } from "react-router";
import { useI18n } from "~/i18n/I18n";
import { Button } from "~/ui/Button";
import { Field, Notice } from "~/ui/Field";
import { Title } from "~/ui/Title";
import { AuthCard } from "./AuthCard";
import { PasswordField } from "./PasswordField";
import type { Refusal } from "./enter";

/** Log-in and register are one form; the second asks for a name as well. */
export function AuthForm({ kind, refusal }: { kind: "login" | "register"; refusal?: Refusal }) {
  const { t } = useI18n();
  const [search] = useSearchParams();
  const busy = useNavigation().state !== "idle";
  const form = useRef<HTMLFormElement>(null);
  const isNew = kind === "register";
  const next = search.get("next");
  const query = next ? `?next=${encodeURIComponent(next)}` : "";
  const error = (name: "username" | "email" | "password") => {
    const key = refusal?.fields[name];
    return key && t(key);
  };

  // The first field that was refused takes the focus, and is so read out with its error.
  useEffect(() => {
    if (refusal) form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
  }, [refusal]);

  return (
    <AuthCard heading={t(`${kind}.heading`)}>
      <Title text={t(`${kind}.title`)} />
      <Form method="post" ref={form} noValidate>
        {refusal?.form && (
          <Notice kind="error" key={refusal.at}>{t(refusal.form.key, refusal.form.values)}</Notice>
        )}
        {!refusal && search.has("out") && <Notice kind="info">{t("login.signedOut")}</Notice>}
        {isNew && (
          <Field
            label={t("field.name")} name="username" autoComplete="nickname" required
            hint={t("field.nameHint")} error={error("username")} defaultValue={refusal?.values.username}
          />
        )}
        <Field
          label={t("field.email")} name="email" type="email" autoComplete={isNew ? "email" : "username"}
          inputMode="email" required error={error("email")} defaultValue={refusal?.values.email}
        />
        <PasswordField
          autoComplete={isNew ? "new-password" : "current-password"} required
          hint={isNew ? t("field.passwordHint") : undefined} error={error("password")}
        />
        <Button type="submit" look="primary" aria-disabled={busy} css={submit}
          onClick={(e) => { if (busy) e.preventDefault(); }}>
          {t(busy ? `${kind}.busy` : `${kind}.submit`)}
        </Button>
      </Form>
      <p css={css`margin-top: var(--s5); text-align: center; color: var(--text-soft);`}>
        {t(`${kind}.other`)}{" "}
        <Link to={(isNew ? "/login" : "/register") + query} css={css`font-weight: 600; padding: var(--s2) 0;`}>
          {t(`${kind}.otherLink`)}
        </Link>
      </p>
    </AuthCard>
  );
}

const submit = css`width: 100%; min-height: 46px; margin-top: var(--s5);`;
