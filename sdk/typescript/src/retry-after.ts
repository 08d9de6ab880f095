/** How long a provider asks to wait. */

import type { ResponseHead } from "./envelope.ts";

/** Longest wait that is believed: a day. Anything longer is read as a day. */
const MAX_WAIT_MS = 86_400_000;

const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/**
 * The wait that a reply asks for, in milliseconds: `retry-after-ms`, else `Retry-After` (RFC 9110
 * section 10.2.3) in seconds or as a date.
 *
 * A plugin has no clock: a date is compared with the reply's own `Date`, and without one it is
 * not used.
 */
export function retryAfterMs(head: ResponseHead): number | undefined {
  const ms = wait(head.header("retry-after-ms"), 1);
  if (ms !== undefined) {
    return ms;
  }
  const text = head.header("retry-after");
  return wait(text, 1000) ?? untilDate(text, head.header("date"));
}

function wait(text: string | undefined, scale: number): number | undefined {
  if (text === undefined || text.trim() === "") {
    return undefined;
  }
  const ms = Math.ceil(Number(text) * scale);
  return ms >= 0 ? Math.min(ms, MAX_WAIT_MS) : undefined;
}

function untilDate(text: string | undefined, now: string | undefined): number | undefined {
  if (!text || !now || !HTTP_DATE.test(text) || !HTTP_DATE.test(now)) {
    return undefined;
  }
  const ms = Date.parse(text) - Date.parse(now);
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), MAX_WAIT_MS);
}
