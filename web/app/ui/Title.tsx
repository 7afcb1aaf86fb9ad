/** The page's title, with what is unread in front: "(3) general · parley". */
export function Title({ text, unread = 0 }: { text: string; unread?: number }) {
  const count = unread > 0 ? `(${unread > 99 ? "99+" : unread}) ` : "";
  return <title>{`${count}${text} · parley`}</title>;
}
