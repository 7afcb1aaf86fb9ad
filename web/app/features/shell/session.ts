import { redirect } from "react-router";
import type { Call } from "~/api/call";
import type { ChannelRow, Me } from "~/api/types";

export interface ShellData {
  me: Me;
  /** The user's channels where a server rendered the page; the browser learns them by itself. */
  channels: ChannelRow[];
}

export function toLogin(request: Request) {
  const { pathname, search } = new URL(request.url);
  const here = pathname + search;
  return redirect(here === "/" ? "/login" : `/login?next=${encodeURIComponent(here)}`);
}

/** Who is there, or null: nobody. Any other failure is told to `otherwise`. */
export async function whoAmI(call: Call, otherwise: () => Me | null): Promise<Me | null> {
  const answer = await call<Me>("GET", "/api/me");
  if (answer.ok) return answer.data;
  return answer.status === 401 ? null : otherwise();
}
