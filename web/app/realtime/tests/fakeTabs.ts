/* Tabs of one browser: the first that opened leads until it closes, then the next. */
import type { TabMessage, Tabs } from "../tabs.js";
import type { World } from "./world.js";

interface Tab {
  readonly onMessage: (message: TabMessage) => void;
  readonly onLead: () => void;
}

export class FakeTabs {
  private open: Tab[] = [];

  constructor(private readonly world: World) {}

  tab(): Tabs {
    let self: Tab | null = null;
    return {
      post: (message) => {
        const others = this.open.filter((t) => t !== self);
        for (const other of others) {
          this.world.after(1, () => {
            if (this.open.includes(other)) other.onMessage(structuredClone(message));
          });
        }
      },
      open: (onMessage, onLead) => {
        self = { onMessage, onLead };
        this.open.push(self);
        if (this.open.length === 1) onLead();
      },
      close: () => {
        const wasFirst = this.open[0] === self;
        this.open = this.open.filter((t) => t !== self);
        if (wasFirst) this.open[0]?.onLead();
      },
    };
  }
}
