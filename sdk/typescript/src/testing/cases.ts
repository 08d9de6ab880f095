/** Canonical requests that every dialect has to deal with, the same in every language. */

import { readFileSync } from "node:fs";

import type { Call } from "../call.ts";
import type { Encoded } from "../envelope.ts";
import { Failure } from "../failure.ts";
import { isObject, parseJson, writeJson, type Json, type JsonObject } from "../json.ts";
import type { NormalizerPlugin } from "../normalizer.ts";
import { decodeUtf8, encodeUtf8 } from "../utf8.ts";

/** A canonical request. It lacks `model` and `stream`, which {@link encode} sets. */
export interface Case {
  /** What it is about; names the golden file. */
  readonly name: string;
  readonly request: JsonObject;
}

/**
 * The chat requests: text, system, turns, images, files, tools in every form, tool results,
 * structured output, reasoning that comes back, sampling, caching, unicode, long lines.
 */
export function chatCases(): Case[] {
  return allCases().filter(({ name }) => !name.startsWith("embed_"));
}

/** The embeddings requests. */
export function embeddingsCases(): Case[] {
  return allCases().filter(({ name }) => name.startsWith("embed_"));
}

/**
 * Encodes a canonical request, as the host does it: `model` and `stream` are the call's.
 *
 * @throws Failure The dialect's own.
 */
export function encode(plugin: NormalizerPlugin, call: Call, request: JsonObject): Encoded {
  const canonical: JsonObject = { ...request, model: call.model };
  if (call.streaming) {
    canonical["stream"] = true;
    const options = canonical["stream_options"];
    canonical["stream_options"] = { ...(isObject(options) ? options : {}), include_usage: true };
  }
  if (!plugin.egress) {
    throw new Error("the dialect has no side towards providers");
  }
  return plugin.egress.encode(call, encodeUtf8(writeJson(canonical)));
}

/**
 * What {@link encode} gives, as one value for a golden file: the head, the body as JSON and what
 * was dropped; or the failure.
 */
export function encodedValue(run: () => Encoded): JsonObject {
  let encoded: Encoded;
  try {
    encoded = run();
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    const { kind, message, param } = thrown;
    return { failure: kind, message, param: param ?? null };
  }
  const { body, dropped, head, extra } = encoded;
  const value: JsonObject = { body: bodyValue(body), dropped: [...(dropped ?? [])] };
  if (head) {
    const headers = head.headers.map((header) => `${header.name}: ${header.value}`);
    value["head"] = { request: `${head.method} ${head.pathAndQuery}`, headers };
  }
  if (extra && extra.length > 0) {
    value["extra"] = extra;
  }
  return value;
}

function allCases(): Case[] {
  const text = readFileSync(new URL("cases.json", import.meta.url), "utf8");
  const requests = parseJson(text) as Record<string, JsonObject>;
  return Object.entries(requests).map(([name, request]) => ({ name, request }));
}

function bodyValue(body: Uint8Array | string): Json {
  const text = typeof body === "string" ? body : decodeUtf8(body);
  try {
    return parseJson(text);
  } catch {
    return text;
  }
}
