export interface ComposerPress {
  key: string;
  shiftKey: boolean;
  altKey: boolean;
  ctrlKey: boolean;
  metaKey: boolean;
  /** An input method is choosing characters; its keys are not ours. */
  isComposing: boolean;
  keyCode: number;
}

export type ComposerAct = "send" | "recall" | "leave" | null;

/** What a key does in the composer. Safari ends a composition before the Enter that ended it is
 * told, and marks that Enter by the key code 229. */
export function actOf(e: ComposerPress, isEmpty: boolean): ComposerAct {
  if (e.isComposing || e.keyCode === 229) return null;
  if (e.altKey || e.ctrlKey || e.metaKey) return null;
  if (e.key === "Enter" && !e.shiftKey) return "send";
  if (e.key === "ArrowUp" && isEmpty && !e.shiftKey) return "recall";
  if (e.key === "Escape") return "leave";
  return null;
}
