/** What encoders need: reading a canonical request, naming what is lost, addresses of content. */

import type { ChatRequest, EmbeddingsRequest, Message } from "./canonical.ts";
import { Failure } from "./failure.ts";
import { isObject, parseJson, type Json, type JsonObject } from "./json.ts";
import { decodeUtf8, encodeUtf8 } from "./utf8.ts";

const ROLES = ["system", "developer", "user", "assistant", "tool", "function"];

/**
 * Reads a canonical chat request.
 *
 * @throws Failure `invalid-request`, naming the member.
 */
export function readChat(canonical: Uint8Array): ChatRequest {
  const request = readRequest(canonical);
  check(typeof request["model"] === "string", "model", "a text");
  const messages = request["messages"];
  check(Array.isArray(messages), "messages", "a list");
  (messages as Json[]).forEach((message, index) => checkMessage(message, `messages[${index}]`));
  checkList(request["tools"], "tools", (tool, path) => {
    check(typeof tool["type"] === "string", `${path}.type`, "a text");
    const of = tool["function"];
    const isNamed = isObject(of) && typeof of["name"] === "string";
    check(of === undefined || isNamed, `${path}.function.name`, "a text");
  });
  return request as ChatRequest;
}

/**
 * Reads a canonical embeddings request.
 *
 * @throws Failure `invalid-request`, naming the member.
 */
export function readEmbeddings(canonical: Uint8Array): EmbeddingsRequest {
  const request = readRequest(canonical);
  const { model, input } = request;
  check(typeof model === "string", "model", "a text");
  check(typeof input === "string" || Array.isArray(input), "input", "a text or a list");
  return request as EmbeddingsRequest;
}

/**
 * Reads a document of the caller's as a JSON object whose numbers keep their digits.
 *
 * @throws Failure `invalid-request`.
 */
export function readRequest(json: Uint8Array): JsonObject {
  let value: Json;
  try {
    value = parseJson(decodeUtf8(json));
  } catch {
    throw new Failure("invalid-request", "the body is not JSON");
  }
  if (!isObject(value)) {
    throw new Failure("invalid-request", "the body must be a JSON object");
  }
  return value;
}

/** Whether a message holds instructions: roles `system` and `developer`. */
export function isInstruction(message: Message): boolean {
  return message.role === "system" || message.role === "developer";
}

/** The text of a message; undefined if it has another part than texts. */
export function textOf(message: Message): string | undefined {
  const content = message.content ?? "";
  if (typeof content === "string") {
    return content;
  }
  const texts = content.map((part) => (part.type === "text" ? part.text : undefined));
  return texts.every((text) => text !== undefined) ? texts.join("") : undefined;
}

/**
 * The paths of members that a dialect cannot express. Bounded: a long chat with an image in
 * every message has no end of them.
 */
export class Dropped {
  /** Most paths that are named. */
  static readonly MAX = 64;

  private readonly found = new Set<string>();

  /** Names a member. */
  add(path: string): void {
    if (this.found.size < Dropped.MAX) {
      this.found.add(path);
    }
  }

  /**
   * Names the members of an object that are not among those that were taken, but for those that
   * are null. Names that no header can carry are left out.
   */
  addOthers(object: JsonObject, taken: readonly string[], prefix = ""): void {
    for (const [name, value] of Object.entries(object)) {
      const isThere = value !== undefined && value !== null && !taken.includes(name);
      if (isThere && /^[!-~]+$/.test(name)) {
        this.add(prefix + name);
      }
    }
  }

  /** The paths, each once, in order. */
  paths(): string[] {
    return [...this.found];
  }
}

/** Content inside an address. */
export interface DataUrl {
  /** `image/png`; parameters are left out. */
  readonly mediaType: string;
  /** The content in base64, as it was written. */
  readonly base64: string;
}

/** Reads `data:image/png;base64,…` (RFC 2397); undefined if it is none, or not base64. */
export function parseDataUrl(url: string): DataUrl | undefined {
  const comma = url.indexOf(",");
  const head = /^data:(.*); ?base64$/i.exec(url.slice(0, Math.max(comma, 0)));
  const base64 = url.slice(comma + 1);
  if (!head || !/^[A-Za-z0-9+/=_-]*$/.test(base64)) {
    return undefined;
  }
  return { mediaType: head[1]?.split(";")[0]?.trim() || "text/plain", base64 };
}

/**
 * A text as one segment of a path, or a value of a query: everything but RFC 3986's unreserved
 * characters is percent-encoded, and a segment cannot climb.
 */
export function pathSegment(text: string): string {
  let segment = "";
  for (const byte of encodeUtf8(text)) {
    const character = String.fromCharCode(byte);
    const hex = byte.toString(16).toUpperCase().padStart(2, "0");
    segment += /[A-Za-z0-9._~-]/.test(character) ? character : `%${hex}`;
  }
  return segment === "." || segment === ".." ? segment.replaceAll(".", "%2E") : segment;
}

function checkMessage(message: Json, path: string): void {
  check(isObject(message), path, "an object");
  const { role, content, tool_calls } = message as JsonObject;
  check(
    typeof role === "string" && ROLES.includes(role),
    `${path}.role`,
    `one of ${ROLES.join(", ")}`,
  );
  if (content !== undefined && content !== null && typeof content !== "string") {
    check(Array.isArray(content), `${path}.content`, "a text or a list of parts");
    checkList(content, `${path}.content`, (part, at) => {
      check(typeof part["type"] === "string", `${at}.type`, "a text");
      check(part["type"] !== "text" || typeof part["text"] === "string", `${at}.text`, "a text");
    });
  }
  checkList(tool_calls, `${path}.tool_calls`, (call, at) => {
    const of = call["function"];
    check(isObject(of) && typeof of["name"] === "string", `${at}.function.name`, "a text");
  });
}

function checkList(
  list: Json | undefined,
  path: string,
  each: (entry: JsonObject, path: string) => void,
): void {
  if (list === undefined || list === null) {
    return;
  }
  check(Array.isArray(list), path, "a list");
  (list as Json[]).forEach((entry, index) => {
    check(isObject(entry), `${path}[${index}]`, "an object");
    each(entry as JsonObject, `${path}[${index}]`);
  });
}

function check(holds: boolean, path: string, what: string): void {
  if (!holds) {
    throw Failure.invalidRequest(path, `${path} must be ${what}`);
  }
}
