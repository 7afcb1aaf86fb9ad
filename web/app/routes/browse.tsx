import { redirect, useActionData, useLoaderData, type ClientActionFunctionArgs } from "react-router";
import { call } from "~/api/call";
import { allChannels, changeChannel, type BrowseData, type Change } from "~/features/channels/change";
import { Browse } from "~/features/channels/Browse";

export const clientLoader = () => allChannels(call);

export async function clientAction({ request }: ClientActionFunctionArgs) {
  const change = await changeChannel(call, await request.formData());
  return change.ok ? redirect(change.to) : change;
}

export default function BrowseRoute() {
  const refused = useActionData() as Extract<Change, { ok: false }> | undefined;
  return <Browse {...(useLoaderData() as BrowseData)} refused={refused} />;
}
