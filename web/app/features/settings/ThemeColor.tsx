/** The colour of the browser's own bars. */
export function ThemeColor() {
  return (
    <>
      <meta name="theme-color" media="(prefers-color-scheme: light)" content="#f5f3ee" />
      <meta name="theme-color" media="(prefers-color-scheme: dark)" content="#1d2021" />
    </>
  );
}
