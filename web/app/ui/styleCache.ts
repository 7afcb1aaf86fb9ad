import createCache from "@emotion/cache";

export function createStyleCache(nonce?: string) {
  return createCache({ key: "p", nonce });
}
