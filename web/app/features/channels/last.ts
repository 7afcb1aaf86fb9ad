const KEY = "parley.last";

export const lastChannel = () => localStorage.getItem(KEY);
export const setLastChannel = (id: string) => localStorage.setItem(KEY, id);
