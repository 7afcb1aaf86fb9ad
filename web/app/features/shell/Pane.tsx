import { createContext, useContext } from "react";
import { Outlet } from "react-router";

const Live = createContext(false);

/** Whether the chat client is there: not on a server, and not before a page was taken over. */
export const useLive = () => useContext(Live);

export function Pane({ live }: { live: boolean }) {
  return (
    <Live value={live}>
      <Outlet />
    </Live>
  );
}
