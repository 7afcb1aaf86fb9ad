import { redirect, type ActionFunctionArgs, type LoaderFunctionArgs } from "react-router";
import { callFor } from "~/api/server.server";
import { allChannels, changeChannel } from "~/features/channels/change";

export { default } from "./browse";

export const loader = ({ request }: LoaderFunctionArgs) => allChannels(callFor(request));

export async function action({ request }: ActionFunctionArgs) {
  const change = await changeChannel(callFor(request), await request.formData());
  return change.ok ? redirect(change.to) : change;
}
