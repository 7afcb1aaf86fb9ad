/* What the outside gives us: time, chance, network. Tests give others. */

export interface Env {
  now(): number;
  /** 0 <= x < 1 */
  random(): number;
  /** Returns what cancels it. */
  after(ms: number, run: () => void): () => void;
  fetch(url: string, init: RequestInit): Promise<Response>;
  /** Opens a websocket. */
  connect(url: string, handlers: WireHandlers): Wire;
  /** The network came (true) or went (false), as far as the system knows, or the page was shown
   * again (true). Returns what ends it. */
  onNetwork(listener: (isUp: boolean) => void): () => void;
}

export interface WireHandlers {
  open(): void;
  text(data: string): void;
  /** Once; nothing comes after it. */
  closed(code: number, reason: string): void;
}

export interface Wire {
  send(data: string): void;
  /** No handler is called any more. */
  abandon(code: number): void;
}

/* A method's parameters are compared both ways, so that the DOM's WebSocket and that of the npm
 * package `ws` both fit. */
type Handler<E> = { handle(event: E): void }["handle"] | null;

export interface WebSocketLike {
  onopen: Handler<never>;
  onmessage: Handler<{ data: unknown }>;
  onclose: Handler<{ code: number; reason: string }>;
  onerror: Handler<never>;
  send(data: string): void;
  close(code?: number): void;
}

export type WebSocketClass = new (url: string) => WebSocketLike;

export function connectWith(WebSocket: WebSocketClass): Env["connect"] {
  return (url, handlers) => {
    const socket = new WebSocket(url);
    socket.onopen = () => handlers.open();
    socket.onmessage = (event) => {
      if (typeof event.data === "string") handlers.text(event.data);
    };
    socket.onclose = (event) => handlers.closed(event.code, event.reason);
    /* An error is always followed by a close. */
    socket.onerror = () => undefined;
    return {
      send: (data) => socket.send(data),
      abandon: (code) => {
        socket.onopen = socket.onmessage = socket.onclose = null;
        socket.close(code);
      },
    };
  };
}

function afterTimeout(ms: number, run: () => void): () => void {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
}

export function systemEnv(WebSocket: WebSocketClass): Env {
  return {
    now: () => Date.now(),
    random: () => Math.random(),
    after: afterTimeout,
    fetch: (url, init) => fetch(url, init),
    connect: connectWith(WebSocket),
    onNetwork: () => () => undefined,
  };
}
