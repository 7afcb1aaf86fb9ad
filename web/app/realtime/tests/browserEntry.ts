/* What the browser test bundles into its page. */
export { createBrowserClient } from "../browser.js";
export { openStore } from "../idb.js";
export { browserTabs } from "../tabs.js";
