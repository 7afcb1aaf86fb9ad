/** Preferences live in cookies, so that both the first script of a page and a server see them. */
export function writeCookie(name: string, value: string | null) {
  const age = value === null ? 0 : 365 * 24 * 3600;
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${name}=${value ?? ""}; Path=/; Max-Age=${age}; SameSite=Lax${secure}`;
}
