import { useEffect } from "react";
import { useNavigate, useParams } from "react-router";
import { useChatClient } from "~/features/chat/useChat";
import { channelList } from "~/realtime/selectors";
import { openOverlay } from "~/features/shell/overlay";
import { commandOf, type Command } from "./keymap";
import { focusNextRegion } from "./regions";

const isTyping = (el: EventTarget | null) =>
  el instanceof HTMLElement && el.matches("input, textarea, select, [contenteditable]");

export function useShortcuts() {
  const client = useChatClient();
  const navigate = useNavigate();
  const { channelId } = useParams();
  useEffect(() => {
    const move = (step: 1 | -1, unreadOnly: boolean) => {
      const all = channelList(client.getSnapshot());
      const from = all.findIndex((c) => c.id === channelId);
      for (let i = 1; i <= all.length; i++) {
        const at = (from < 0 && step < 0 ? all.length : from) + step * i;
        const next = all[(at + all.length * 2) % all.length]!;
        if (next.id !== channelId && (!unreadOnly || next.unread > 0)) {
          void navigate(`/c/${next.id}`);
          return;
        }
      }
    };
    const run: Record<Command, () => void> = {
      switcher: () => openOverlay("switcher"),
      help: () => openOverlay("shortcuts"),
      next: () => move(1, false),
      previous: () => move(-1, false),
      nextUnread: () => move(1, true),
      previousUnread: () => move(-1, true),
      regions: () => focusNextRegion(false),
      regionsBack: () => focusNextRegion(true),
    };
    const onKeyDown = (e: KeyboardEvent) => {
      if (e.isComposing) return;
      const command = commandOf(e, isTyping(e.target));
      if (!command) return;
      e.preventDefault();
      run[command]();
    };
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  }, [client, navigate, channelId]);
}
