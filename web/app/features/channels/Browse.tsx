import { useState } from "react";
import { css } from "@emotion/react";
import { Link, useSearchParams } from "react-router";
import { useI18n } from "~/i18n/I18n";
import { SidebarToggle } from "~/features/shell/Sidebar";
import { IconLink } from "~/ui/Button";
import { inputStyle, Notice } from "~/ui/Field";
import { Title } from "~/ui/Title";
import { BrowseRow } from "./BrowseRow";
import { CreateForm } from "./CreateForm";
import type { BrowseData, Change } from "./change";

const SHOWN_MAX = 200;

export function Browse({ channels, mine, problem, refused }: BrowseData & {
  refused?: Extract<Change, { ok: false }>;
}) {
  const { t, lang } = useI18n();
  const [search] = useSearchParams();
  const [filter, setFilter] = useState("");
  const wanted = filter.trim().toLocaleLowerCase(lang);
  const joined = new Set(mine);
  const shown = channels.filter((c) => c.name.toLocaleLowerCase(lang).includes(wanted)).slice(0, SHOWN_MAX);
  return (
    <main id="main" tabIndex={-1} data-region="browse" css={page}>
      <Title text={t("browse.heading")} />
      <div css={column}>
        <header css={css`display: flex; align-items: center; gap: var(--s2);`}>
          <span css={onlyPhone}><IconLink icon="back" label={t("nav.back")} to="/" /></span>
          <SidebarToggle />
          <h1 css={css`font-size: 24px;`}>{t("browse.heading")}</h1>
        </header>
        <p css={css`margin: var(--s1) 0 var(--s5); color: var(--text-soft);`}>{t("browse.text")}</p>
        <CreateForm
          eager={search.has("new")}
          refused={refused?.intent === "create" ? refused : undefined}
        />
        {problem && (
          <Notice kind="error">
            {t(problem.key, problem.values)} <Link to="/browse">{t("common.retry")}</Link>
          </Notice>
        )}
        {refused && refused.intent !== "create" && (
          <Notice kind="error">{t(refused.problem.key, refused.problem.values)}</Notice>
        )}
        {channels.length > 0 && (
          <input
            type="search" css={[inputStyle, css`margin-bottom: var(--s3);`]} value={filter}
            aria-label={t("browse.filter")} placeholder={t("browse.filter")}
            onChange={(e) => setFilter(e.target.value)}
          />
        )}
        <ul>
          {shown.map((c) => <BrowseRow key={c.id} channel={c} joined={joined.has(c.id)} />)}
        </ul>
        {channels.length === 0 && !problem && <p css={none}>{t("browse.none")}</p>}
        {channels.length > 0 && shown.length === 0 && <p css={none}>{t("nav.noMatch", { text: filter })}</p>}
      </div>
    </main>
  );
}

const page = css`flex: 1; min-width: 0; overflow-y: auto; &:focus { outline: none; }`;
const column = css`
  max-width: 680px; margin: 0 auto; padding: var(--s6) var(--s5);
  @media (max-width: 759px) { padding: var(--s3) var(--s4) var(--s6); }
`;
const onlyPhone = css`@media (min-width: 760px) { display: none; }`;
const none = css`padding: var(--s5) 0; text-align: center; color: var(--text-soft);`;
