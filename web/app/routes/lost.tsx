import { Trouble } from "~/ui/Trouble";

export default function Lost() {
  return <Trouble kind="lost" />;
}
