import type { Call } from "~/api/call";
import { problemOf, type Problem } from "~/api/problem";
import type { ChannelRow } from "~/api/types";

const NAME_MAX = 80;

export type Change = { ok: true; to: string } | { ok: false; intent: string; problem: Problem; name: string };

/** Creates, joins or leaves, as the form's `intent` says, and tells where to go then. */
export async function changeChannel(call: Call, form: FormData): Promise<Change> {
  const intent = String(form.get("intent"));
  const channelId = String(form.get("channel") ?? "");
  const name = String(form.get("name") ?? "").trim();
  const refuse = (problem: Problem): Change => ({ ok: false, intent, problem, name });

  if (intent === "create") {
    if (!name) return refuse({ key: "error.channelMissing" });
    if ([...name].length > NAME_MAX) return refuse({ key: "error.channelLong" });
    const made = await call<ChannelRow>("POST", "/api/channel", { name });
    return made.ok ? { ok: true, to: `/c/${made.data.id}` } : refuse(problemOf(made));
  }
  const leaving = intent === "leave";
  const done = await call("POST", `/api/channel/${leaving ? "leave" : "join"}`, { channel_id: channelId });
  const to = leaving ? "/" : `/c/${channelId}`;
  // Already in, or already out: what was wanted is so.
  if (done.ok || done.code === "conflict" || (leaving && done.status === 404)) return { ok: true, to };
  return refuse(problemOf(done));
}

export interface BrowseData {
  channels: ChannelRow[];
  mine: string[];
  problem: Problem | null;
}

export async function allChannels(call: Call): Promise<BrowseData> {
  const [all, mine] = await Promise.all([
    call<ChannelRow[]>("GET", "/api/channel"),
    call<ChannelRow[]>("GET", "/api/user/channel"),
  ]);
  return {
    channels: all.ok ? all.data : [],
    mine: mine.ok ? mine.data.map((c) => c.id) : [],
    problem: all.ok ? null : problemOf(all),
  };
}
