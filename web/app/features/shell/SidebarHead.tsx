import { css } from "@emotion/react";
import { Link } from "react-router";
import { useI18n } from "~/i18n/I18n";
import { IconButton } from "~/ui/Button";
import { Icon } from "~/ui/Icon";
import { Mark } from "~/ui/Mark";
import { Keys } from "~/features/shortcuts/Keys";
import { openOverlay } from "./overlay";

export function SidebarHead({ onCollapse }: { onCollapse: () => void }) {
  const { t } = useI18n();
  return (
    <header css={css`padding: var(--s3) var(--s3) var(--s2);`}>
      <div css={row}>
        <Link to="/" css={brand}><Mark size={26} /> {t("app.name")}</Link>
        <span css={css`@media (max-width: 759px) { display: none; }`}>
          <IconButton icon="sidebar" label={t("nav.collapse")} onClick={onCollapse} />
        </span>
      </div>
      <button type="button" css={search} onClick={() => openOverlay("switcher")}>
        <Icon name="search" size={16} />
        <span css={css`flex: 1; text-align: left;`}>{t("nav.switcher")}</span>
        <span css={css`@media (pointer: coarse) { display: none; }`}><Keys keys={["mod", "K"]} /></span>
      </button>
    </header>
  );
}

const row = css`display: flex; align-items: center; justify-content: space-between; min-height: 40px;`;
const brand = css`
  display: flex; align-items: center; gap: var(--s2); min-height: var(--target); padding: var(--s1); color: var(--text);
  font-size: 17px; font-weight: 700; letter-spacing: -0.02em; text-decoration: none;
`;
const search = css`
  display: flex; align-items: center; gap: var(--s2); width: 100%; min-height: var(--target);
  margin-top: var(--s2); padding: 0 var(--s2) 0 var(--s3); font-size: 14px; color: var(--text-soft);
  background: var(--bg); border: 1px solid var(--line); border-radius: var(--r1);
  &:hover { border-color: var(--line-strong); }
`;
