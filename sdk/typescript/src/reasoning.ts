/** Fragments of reasoning that belong together. */

import type { ReasoningDetail } from "./canonical.ts";

const ENCRYPTED = "reasoning.encrypted";

/**
 * Appends a fragment to the piece of its index, or begins a new piece. Fragments of one piece
 * have the same type and index; opaque data is never joined.
 */
export function joinDetail(details: ReasoningDetail[], fragment: ReasoningDetail): void {
  const last = details.at(-1);
  const isSame =
    last?.type === fragment.type &&
    (last.index ?? null) !== null &&
    last.index === fragment.index &&
    fragment.type !== ENCRYPTED;
  if (!last || !isSame) {
    details.push({ ...fragment });
    return;
  }
  for (const name of ["text", "summary", "signature"] as const) {
    const added = fragment[name];
    if (typeof added === "string") {
      last[name] = (last[name] ?? "") + added;
    }
  }
  if (fragment.id && !last.id) {
    last.id = fragment.id;
  }
}
