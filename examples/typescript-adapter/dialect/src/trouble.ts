/** Errors: `{"trouble": {"what": "quota", "say": "Slow down.", "wait_s": 3}}`, also as an event. */

import {
  Failure,
  decodeUtf8,
  explainReply,
  isObject,
  refusedCredential,
  retryAfterMs,
  type FailureKind,
  type Json,
  type JsonObject,
  type ResponseHead,
} from "patchbay-sdk";

const KINDS: ReadonlyMap<Json | undefined, FailureKind> = new Map([
  ["bad_turn", "invalid-request"],
  ["no_engine", "not-found"],
  ["too_long", "context-too-long"],
  ["blocked", "content-filtered"],
  ["quota", "upstream-rate-limited"],
  ["busy", "upstream-overloaded"],
  ["key", "upstream-auth"],
  ["slow", "upstream-timeout"],
]);

/** The failure in an object; undefined if it is none. */
export function troubleIn(value: JsonObject): Failure | undefined {
  const trouble = value["trouble"];
  if (!isObject(trouble)) {
    return undefined;
  }
  const { what, say, wait_s, where } = trouble;
  const kind = KINDS.get(what) ?? "upstream-error";
  const said = typeof say === "string" && say !== "" ? say : "Nimbus sent a trouble without words";
  return new Failure(kind, kind === "upstream-auth" ? refusedCredential(undefined) : said, {
    param: typeof where === "string" ? where : undefined,
    retryAfterMs: typeof wait_s === "number" && wait_s >= 0 ? wait_s * 1000 : undefined,
    upstreamCode: typeof what === "string" ? what : undefined,
  });
}

/** Explains a reply whose status is not 2xx. */
export function explain(head: ResponseHead, body: Uint8Array): Failure {
  const trouble = troubleOf(decodeUtf8(body));
  if (!trouble) {
    return explainReply(head, body);
  }
  const { kind, message, param, upstreamCode } = trouble;
  const wait = trouble.retryAfterMs ?? retryAfterMs(head);
  return new Failure(kind, message, { param, upstreamCode, retryAfterMs: wait });
}

function troubleOf(text: string): Failure | undefined {
  try {
    const value = JSON.parse(text) as Json;
    return isObject(value) ? troubleIn(value) : undefined;
  } catch {
    return undefined;
  }
}
