/* The store in IndexedDB: a database a user, an object store for the outbox and one for channels.
 *
 * Where it cannot be opened (a private window, a full disk, no answer within 5 s) the memory store
 * takes its place: everything works, but does not outlive the page. */
import { memoryStore, type CachedChannel, type Store } from "./store.js";
import type { OutboxEntry } from "./types.js";

const VERSION = 1;
const OPEN_TIMEOUT_MS = 5_000;

function answer<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("IndexedDB failed"));
  });
}

function finished(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (): void => reject(transaction.error ?? new Error("IndexedDB failed"));
    transaction.oncomplete = () => resolve();
    transaction.onabort = fail;
    transaction.onerror = fail;
  });
}

function openDatabase(name: string): Promise<IDBDatabase> {
  const request = indexedDB.open(name, VERSION);
  request.onupgradeneeded = () => {
    request.result.createObjectStore("outbox", { keyPath: "clientMsgId" });
    request.result.createObjectStore("channels", { keyPath: "id" });
  };
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("IndexedDB does not answer")), OPEN_TIMEOUT_MS);
    answer(request).then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

function databaseStore(db: IDBDatabase): Store {
  const write = (table: string, change: (to: IDBObjectStore) => void): Promise<void> => {
    /* What is to be sent must survive a crash of the system; the rest can be asked for again. */
    const durability = table === "outbox" ? "strict" : "relaxed";
    const transaction = db.transaction(table, "readwrite", { durability });
    change(transaction.objectStore(table));
    return finished(transaction);
  };
  const all = <T>(table: string): Promise<readonly T[]> => {
    const rows: IDBRequest<T[]> = db.transaction(table).objectStore(table).getAll();
    return answer(rows);
  };
  return {
    entries: () => all<OutboxEntry>("outbox"),
    putEntry: (entry) => write("outbox", (to) => to.put(entry)),
    deleteEntry: (id) => write("outbox", (to) => to.delete(id)),
    channels: () => all<CachedChannel>("channels"),
    putChannel: (channel) => write("channels", (to) => to.put(channel)),
    deleteChannel: (id) => write("channels", (to) => to.delete(id)),
    erase: async () => {
      await write("outbox", (to) => to.clear());
      await write("channels", (to) => to.clear());
    },
    close: () => db.close(),
  };
}

/** The store of user `userId`. */
export async function openStore(userId: string): Promise<Store> {
  try {
    const db = await openDatabase(`parley-${userId}`);
    /* Another tab runs a newer version of these pages and has to change the database. */
    db.onversionchange = () => db.close();
    return databaseStore(db);
  } catch {
    return memoryStore();
  }
}
