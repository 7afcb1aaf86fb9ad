/* @parley/client */
export { Client } from "./client.js";
export type { ClientOptions } from "./options.js";
export { connectWith, systemEnv, type Env, type WebSocketClass, type WebSocketLike } from "./env.js";
export { OutboxFull } from "./compose.js";
export { RequestFailed } from "./http.js";
export { createClient, logIn, type ConnectOptions, type Session } from "./node.js";
export * from "./selectors.js";
export { memoryStore, type CachedChannel, type Store } from "./store.js";
export { noTabs, type TabMessage, type Tabs } from "./tabs.js";
export type * from "./types.js";
