import { useState } from "react";
import { css } from "@emotion/react";
import { useI18n } from "~/i18n/I18n";
import { Field, type FieldProps } from "~/ui/Field";
import { IconButton } from "~/ui/Button";

export function PasswordField(props: Omit<FieldProps, "label" | "type" | "end">) {
  const { t } = useI18n();
  const [shown, show] = useState(false);
  return (
    <Field
      {...props}
      label={t("field.password")}
      name="password"
      type={shown ? "text" : "password"}
      autoCapitalize="off"
      spellCheck={false}
      end={
        <IconButton
          icon={shown ? "eyeOff" : "eye"}
          label={t(shown ? "field.hidePassword" : "field.showPassword")}
          aria-pressed={shown}
          onClick={() => show(!shown)}
          css={css`position: absolute; top: 50%; right: 4px; translate: 0 -50%;`}
        />
      }
    />
  );
}
