import { keep, readKept } from "~/ui/kept";

export const LAST_KEY = "parley.last";

export const lastChannel = () => readKept(LAST_KEY);
export const setLastChannel = (id: string) => keep(LAST_KEY, id);
