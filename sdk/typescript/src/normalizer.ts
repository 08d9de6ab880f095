/** A wire dialect towards a provider. */

import type { Call, Extra } from "./call.ts";
import type { Encoded, ExchangePlan, ResponseHead } from "./envelope.ts";
import { explainReply } from "./explain.ts";
import { Failure } from "./failure.ts";
import type { Ingress } from "./ingress.ts";

/** One canonical JSON document, as text. */
export type Document = string;

/** How a reply ended: the transport saw the proper end, or it broke. */
export type Ending = "clean" | "broken";

/** What a decoder cannot know by itself, being without clock and randomness. */
export interface ReplyIdentity {
  /** Id for the canonical reply where the provider gives none: `chatcmpl-…`. */
  readonly id: string;
  /** Seconds since 1970-01-01T00:00:00Z. */
  readonly created: number;
  /** What `encode` returned as `extra`. */
  readonly extra: Extra;
}

/** Reads one good reply. */
export interface Decoder {
  /**
   * Takes the next bytes, cut anywhere, and returns the canonical documents that are finished:
   * `chat.completion.chunk` objects if the call streams, else nothing.
   *
   * @throws Failure What the provider says instead of an answer, or `upstream-error`.
   */
  push(chunk: Uint8Array): Document[];
  /**
   * Ends the reply and returns the remaining documents: for a stream perhaps the usage, else
   * exactly one document.
   *
   * @throws Failure `stream-truncated` if the reply lacks its end.
   */
  finish(ending: Ending): Document[];
}

/**
 * Provider side of a dialect: canonical to the provider's format and back. Everything is a pure
 * function of its arguments: no clock, no randomness, no memory of other requests.
 */
export interface Normalizer {
  /**
   * Says method, path and headers, and whether body and reply have to be rewritten. The host
   * remembers the answer for calls that are equal.
   *
   * @throws Failure `not-found` for an operation that the dialect does not know.
   */
  plan(call: Call): ExchangePlan;
  /** Rewrites a canonical request body. Only called for plans with `encodeBody`. */
  encode?(call: Call, canonical: Uint8Array): Encoded;
  /** Explains a reply whose status is not 2xx. By default {@link explainReply}. */
  explain?(call: Call, head: ResponseHead, body: Uint8Array): Failure;
  /** Reads a good reply. May be left out if every plan is verbatim. */
  decoder?(call: Call, identity: ReplyIdentity, head: ResponseHead): Decoder;
}

/** A dialect with its defaults filled in. */
export interface NormalizerPlugin {
  readonly kind: "normalizer";
  /** The side towards providers. */
  readonly egress?: Required<Normalizer>;
  /** The side towards callers. */
  readonly ingress?: Ingress;
}

/** Makes a dialect, a plugin's default export, out of its side towards providers, callers or both. */
export function defineNormalizer(egress: Normalizer, ingress?: Ingress): NormalizerPlugin {
  const sides = ingress === undefined ? {} : { ingress };
  return { kind: "normalizer", egress: withDefaults(egress), ...sides };
}

/** Makes a dialect that callers alone speak: a client API. */
export function defineIngress(ingress: Ingress): NormalizerPlugin {
  return { kind: "normalizer", ingress };
}

function withDefaults(normalizer: Normalizer): Required<Normalizer> {
  return {
    plan: normalizer.plan.bind(normalizer),
    encode: normalizer.encode?.bind(normalizer) ?? noEncoder,
    explain:
      normalizer.explain?.bind(normalizer) ?? ((_call, head, body) => explainReply(head, body)),
    decoder: normalizer.decoder?.bind(normalizer) ?? noDecoder,
  };
}

function noEncoder(): never {
  throw Failure.upstream("the plugin planned a rewritten body and has no encoder");
}

function noDecoder(): never {
  throw Failure.upstream("this dialect is relayed, not decoded");
}
