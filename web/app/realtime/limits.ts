/* Every bound of this folder, in one place. */

/** Messages kept of a channel that is open; beyond it the far end is dropped. */
export const OPEN_MESSAGES_MAX = 2000;
/** ... and of one that is not. */
export const CLOSED_MESSAGES_MAX = 100;
/** The newest part stays when a reader far up makes the middle be dropped. */
export const TAIL_MESSAGES_KEPT = 100;
/** Messages of a channel kept on disk. */
export const CACHED_MESSAGES = 50;
export const EARLY_REPLIES_MAX = 200;
export const THREAD_REPLIES_MAX = 1000;
/** Threads that stay in memory after they were closed. */
export const CLOSED_THREADS_MAX = 20;
export const UNREAD_MAX = 100;

export const PAGE_ROWS = 50;
/** With fewer messages than this an opened channel asks for its newest page. */
export const OPEN_ROWS_WANTED = 30;
export const CATCHUP_ROWS = 100;
/** Pages fetched to close a hole before it is left as a visible gap. */
export const CATCHUP_PAGES_MAX = 10;
/** Channels paged at a time. */
export const CATCHUP_PARALLEL = 2;
export const RESUME_CHANNELS_MAX = 1000;
/** A page that was just loaded resumes the channels last read; the others begin at their heads. */
export const RESUME_COLD_MAX = 20;
export const WATCH_MAX = 50;

export const MESSAGE_BYTES_MAX = 8192;
export const OUTBOX_MAX = 500;
export const SETTLED_MAX = 1000;
/** Refusals that may pass (unavailable, rate_limited) before an entry counts as failed. */
export const SEND_ATTEMPTS_MAX = 20;

export const CONNECT_TIMEOUT_MS = 10_000;
export const HELLO_TIMEOUT_MS = 15_000;
export const ACK_TIMEOUT_MS = 15_000;
export const PONG_TIMEOUT_MS = 10_000;
export const RESUME_TIMEOUT_MS = 15_000;
export const HTTP_TIMEOUT_MS = 15_000;
export const HTTP_ATTEMPTS_MAX = 3;
export const BACKOFF_FIRST_MS = 500;
export const BACKOFF_MAX_MS = 30_000;
/** A connection that lived this long makes the next back-off start anew. */
export const STABLE_AFTER_MS = 5_000;

/** What the server says is shown at most once a frame of the screen. */
export const PUBLISH_MS = 16;
export const SAVE_MS = 1_000;
export const READ_GATHER_MS = 300;
export const REFRESH_GATHER_MS = 100;
/** The server has to have heard how far was read before it is asked what is left. */
export const RECOUNT_MS = READ_GATHER_MS + 700;
export const TICK_MS = 1_000;
export const TYPING_SHOWN_MS = 5_000;
export const TYPING_SAID_EVERY_MS = 3_000;
