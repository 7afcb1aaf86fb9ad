import { createContext, useContext } from "react";
import type { Me } from "~/api/types";

export const MeContext = createContext<Me>({ id: "", name: "", email: "" });
export const useMe = () => useContext(MeContext);
