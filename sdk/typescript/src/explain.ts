/**
 * What a provider's errors mean.
 *
 * Reads OpenAI's error object and its relatives (an `error` that is a text, an envelope in a
 * list, the bare object, `detail`). HTML, plain text and empty bodies are survived. A reply of
 * 401 or 403 is the gateway's credential's fault and is not quoted: the caller cannot mend it.
 */

import type { ResponseHead } from "./envelope.ts";
import { Failure, type FailureKind } from "./failure.ts";
import { isObject, writeJson, type Json, type JsonObject } from "./json.ts";
import { retryAfterMs } from "./retry-after.ts";
import { decodeUtf8 } from "./utf8.ts";

/** An error object's members; texts that are absent are undefined. */
export interface ErrorBody {
  readonly message: string;
  readonly type: string | undefined;
  readonly param: string | undefined;
  readonly code: string | undefined;
}

const TOO_LONG = [
  "context_length_exceeded",
  "exceed_context_size_error",
  "context_window_exceeded",
  "string_above_max_length",
];

const FILTERED = [
  "content_filter",
  "content_policy_violation",
  "responsible_ai_policy_violation",
  "content_filtered",
];

const KIND_OF_TYPE: ReadonlyMap<string, FailureKind> = new Map([
  ["invalid_request_error", "invalid-request"],
  ["authentication_error", "upstream-auth"],
  ["permission_error", "upstream-auth"],
  ["invalid_api_key", "upstream-auth"],
  ["rate_limit_error", "upstream-rate-limited"],
  ["rate_limit_exceeded", "upstream-rate-limited"],
  ["insufficient_quota", "upstream-rate-limited"],
  ["overloaded_error", "upstream-overloaded"],
  ["server_overloaded", "upstream-overloaded"],
  ["timeout_error", "upstream-timeout"],
]);

/** Explains a reply whose status is not 2xx. */
export function explainReply(head: ResponseHead, body: Uint8Array): Failure {
  const text = decodeUtf8(body);
  const found = readError(text);
  const error = found && isOfUnknownPath(found) ? undefined : found;
  const kind = (error && kindOfCode(error)) ?? kindOfStatus(head.status, error !== undefined);
  const message = messageOf(kind, head.status, error, text);
  return new Failure(kind, message, { ...detailsOf(error), retryAfterMs: retryAfterMs(head) });
}

/**
 * The failure in a 2xx reply or a stream event that is an error object instead of an answer;
 * undefined if it is not one.
 */
export function errorInsteadOfAnswer(document: string): Failure | undefined {
  const value = parsed(document);
  if (!isObject(value) || (isEmpty(value["error"]) && value["object"] !== "error")) {
    return undefined;
  }
  const error = readErrorValue(value);
  if (!error) {
    return undefined;
  }
  const kind = kindOfCode(error) ?? kindOfType(error) ?? "upstream-error";
  const message =
    kind === "upstream-auth"
      ? refusedCredential(undefined)
      : error.message || "the provider sent an error without a message";
  return new Failure(kind, message, detailsOf(error));
}

/** Reads an error object or one of its relatives; undefined if the body is none. */
export function readError(body: string): ErrorBody | undefined {
  return readErrorValue(parsed(body));
}

/** What a status says. A 404 or 405 without an error object is the base URL's fault. */
export function kindOfStatus(status: number, hasError: boolean): FailureKind {
  if (status === 404 && hasError) return "not-found";
  if ((status >= 300 && status < 400) || status === 404 || status === 405) {
    return "provider-misconfigured";
  }
  // 402: the account behind the credential has no money left.
  if (status >= 401 && status <= 403) return "upstream-auth";
  if (status === 408 || status === 504 || status === 524) return "upstream-timeout";
  if (status === 413) return "payload-too-large";
  if (status === 429) return "upstream-rate-limited";
  if (status === 503 || status === 529) return "upstream-overloaded";
  return status >= 400 && status < 500 ? "invalid-request" : "upstream-error";
}

/** The sentence for a credential that was refused; it quotes nothing. */
export function refusedCredential(status: number | undefined): string {
  const said = status === undefined ? "" : ` (status ${status})`;
  return `the provider did not accept the gateway's credential${said}; its operator has to check it`;
}

function readErrorValue(value: Json): ErrorBody | undefined {
  const document = Array.isArray(value) ? value[0] : value;
  if (!isObject(document)) {
    return undefined;
  }
  const error = document["error"];
  if (isObject(error)) {
    return errorFrom(error);
  }
  if (typeof error === "string") {
    return { ...errorFrom(document), message: error };
  }
  const bare = ["message", "detail"].some((name) => (document[name] ?? null) !== null);
  return bare || document["object"] === "error" ? errorFrom(document) : undefined;
}

function errorFrom(error: JsonObject): ErrorBody {
  return {
    message: asText(error["message"]) ?? asText(error["detail"]) ?? "",
    type: asText(error["type"]) ?? asText(error["status"]),
    param: asText(error["param"]),
    code: asText(error["code"]),
  };
}

/** Texts as they are, other values as JSON; null is absent. */
function asText(value: Json | undefined): string | undefined {
  if (value === undefined || value === null) {
    return undefined;
  }
  return typeof value === "string" ? value : writeJson(value);
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return null;
  }
}

function isEmpty(value: Json | undefined): boolean {
  return value === undefined || value === null;
}

function detailsOf(error: ErrorBody | undefined): { param?: string; upstreamCode?: string } {
  const upstreamCode = error?.code || error?.type;
  return {
    ...(error?.param === undefined ? {} : { param: error.param }),
    ...(upstreamCode ? { upstreamCode } : {}),
  };
}

/** FastAPI's answer for a path that it does not have: not the request is wrong, but the address. */
function isOfUnknownPath(error: ErrorBody): boolean {
  return error.message === "Not Found" && !error.type && error.code === undefined;
}

function namesOf(error: ErrorBody): string[] {
  return [error.code, error.type].filter((name): name is string => name !== undefined);
}

/** What an error's code says, whatever the status. */
function kindOfCode(error: ErrorBody): FailureKind | undefined {
  const names = namesOf(error).map((name) => name.toLowerCase());
  if (
    names.some((name) => TOO_LONG.includes(name)) ||
    error.message.includes("maximum context length")
  ) {
    return "context-too-long";
  }
  return names.some((name) => FILTERED.includes(name)) ? "content-filtered" : undefined;
}

/** What an error says where there is no status: in an event of a stream. */
function kindOfType(error: ErrorBody): FailureKind | undefined {
  const status = /^[45]\d\d$/.test(error.code ?? "") ? Number(error.code) : undefined;
  if (status !== undefined) {
    return kindOfStatus(status, true);
  }
  const kinds = namesOf(error).map((name) => KIND_OF_TYPE.get(name));
  return kinds.find((kind) => kind !== undefined);
}

function messageOf(
  kind: FailureKind,
  status: number,
  error: ErrorBody | undefined,
  body: string,
): string {
  if (kind === "upstream-auth") {
    return refusedCredential(status);
  }
  if (error?.message) {
    return error.message;
  }
  const said = error ? "an error without a message" : describe(body);
  const advice = kind === "provider-misconfigured" ? "; the provider's base_url may be wrong" : "";
  return `the provider answered with status ${status} and ${said}${advice}`;
}

/** Says what a body is that is no error object: its start if it is text, never a page of HTML. */
function describe(body: string): string {
  const text = body.trim();
  if (text === "") return "no body";
  if (text.startsWith("<")) return "an HTML page";
  if (/[{[\uFFFD\0]/.test(text)) return "a body that is not an error object";
  const start = [...text.split(/\s+/).join(" ")].slice(0, 300).join("");
  return `the text ${JSON.stringify(start)}`;
}
