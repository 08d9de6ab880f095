/** Client APIs: a request in, a reply out. */

import { RequestHead } from "../envelope.ts";
import type { CallerFailure, Decoded, Ingress } from "../ingress.ts";
import { isObject, parseJson, writeJson, type Json, type JsonObject } from "../json.ts";
import type { NormalizerPlugin } from "../normalizer.ts";
import { decodeUtf8, encodeUtf8 } from "../utf8.ts";

/**
 * Reads a caller's request, as the host has it read: `decodeRequest(plugin, "/v1/ask", body)`.
 * The canonical body is checked to be JSON with the model that the dialect named.
 */
export function decodeRequest(
  plugin: NormalizerPlugin,
  path: string,
  body: Json,
): { decoded: Decoded; canonical: JsonObject } {
  const head = RequestHead.post(path).withHeader("content-type", "application/json");
  const decoded = sideOf(plugin).decode(head, encodeUtf8(writeJson(body)));
  const { canonical: given, model, streaming } = decoded;
  const canonical = parseJson(typeof given === "string" ? given : decodeUtf8(given));
  if (!isObject(canonical)) {
    throw new Error("the canonical body is no JSON object");
  }
  if (canonical["model"] !== model || (canonical["stream"] ?? false) !== streaming) {
    throw new Error("the canonical body's model or stream is not what the dialect said");
  }
  return { decoded, canonical };
}

/**
 * Writes a good reply of canonical documents, one call each and then all in one call, which has
 * to give the same bytes.
 */
export function encodeReply(plugin: NormalizerPlugin, of: Decoded, documents: Json[]): string {
  const texts = documents.map(writeJson);
  const oneByOne = write(
    plugin,
    of,
    texts.map((text) => [text]),
    undefined,
  );
  const atOnce = write(plugin, of, [texts], undefined);
  if (oneByOne !== atOnce) {
    throw new Error("the grouping of the documents shows in the reply");
  }
  return atOnce;
}

/** Writes a reply that fails after some documents. */
export function failReply(
  plugin: NormalizerPlugin,
  of: Decoded,
  documents: Json[],
  failure: CallerFailure,
): string {
  return write(plugin, of, [documents.map(writeJson)], failure);
}

function write(
  plugin: NormalizerPlugin,
  of: Decoded,
  groups: string[][],
  failure: CallerFailure | undefined,
): string {
  const encoder = sideOf(plugin).encoder(of.extra ?? [], of.streaming);
  const pieces = groups.map((documents) => encoder.push(documents));
  pieces.push(encoder.finish(failure));
  return pieces.map((it) => (typeof it === "string" ? it : decodeUtf8(it))).join("");
}

function sideOf(plugin: NormalizerPlugin): Ingress {
  if (!plugin.ingress) {
    throw new Error("the dialect has no side towards callers");
  }
  return plugin.ingress;
}
