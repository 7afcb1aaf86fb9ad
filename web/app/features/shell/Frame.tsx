import { css } from "@emotion/react";
import { useLocation } from "react-router";
import { useI18n } from "~/i18n/I18n";
import { useSidebar } from "./sidebarState";

/** Which of the panes a phone shows; wider windows show them beside one another. */
function paneOf(path: string): "list" | "main" | "thread" {
  if (path === "/") return "list";
  return /^\/c\/[^/]+\/t\//.test(path) ? "thread" : "main";
}

export function Frame({ sidebar, banner, children }: {
  sidebar: React.ReactNode;
  banner?: React.ReactNode;
  children: React.ReactNode;
}) {
  const { t } = useI18n();
  const pane = paneOf(useLocation().pathname);
  const { collapsed } = useSidebar();
  return (
    <div css={frame} data-pane={pane} data-collapsed={collapsed || undefined}>
      <a href="#main" css={skip}>{t("app.skip")}</a>
      <div css={side}>{sidebar}</div>
      <div css={content}>
        {banner}
        <div css={panes}>{children}</div>
      </div>
    </div>
  );
}

const frame = css`
  display: flex; height: 100dvh; overflow: hidden;
  padding: env(safe-area-inset-top) env(safe-area-inset-right) 0 env(safe-area-inset-left);
  &[data-collapsed] > div:nth-of-type(1) { display: none; }
  @media (max-width: 759px) {
    & > div:nth-of-type(1) { display: none; }
    &[data-pane="list"] > div:nth-of-type(1) { display: flex; width: 100%; border: 0; }
    &[data-pane="list"] { flex-direction: column; }
    &[data-pane="list"] > div:nth-of-type(1) { flex: 1; }
    &[data-pane="list"] > div:nth-of-type(2) { order: -1; flex: none; }
    &[data-pane="list"] > div:nth-of-type(2) > div:last-child { position: absolute; }
  }
`;
const side = css`
  display: flex; flex-direction: column; flex: none; width: 280px; min-height: 0;
  background: var(--bg-side); border-right: 1px solid var(--line);
`;
const content = css`display: flex; flex-direction: column; flex: 1; min-width: 0; min-height: 0;`;
const panes = css`display: flex; flex: 1; min-height: 0; min-width: 0;`;
const skip = css`
  position: absolute; left: var(--s2); top: -60px; z-index: 50; padding: var(--s2) var(--s4);
  background: var(--accent); color: var(--on-accent); border-radius: var(--r1); font-weight: 600;
  &:focus { top: var(--s2); }
`;
