export const LAST_KEY = "parley.last";

export const lastChannel = () => localStorage.getItem(LAST_KEY);
export const setLastChannel = (id: string) => localStorage.setItem(LAST_KEY, id);
