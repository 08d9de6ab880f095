/** A wire dialect towards a caller: a client API. */

import type { Extra } from "./call.ts";
import type { RequestHead } from "./envelope.ts";
import { ResponseHead } from "./envelope.ts";
import { writeJson, type Json } from "./json.ts";
import type { Document } from "./normalizer.ts";

/** A caller's request in canonical form. */
export interface Decoded {
  /** `chat`, `embeddings` or `count-tokens`. */
  readonly operation: string;
  /** The model the caller named. */
  readonly model: string;
  readonly streaming: boolean;
  /** The canonical request: OpenAI's wire JSON. */
  readonly canonical: Uint8Array | string;
  /** Handed back to the encoder of the same request. */
  readonly extra?: Extra;
}

/** A complete answer. */
export interface Reply {
  readonly head: ResponseHead;
  readonly body: Uint8Array | string;
}

/** A JSON answer. */
export function jsonReply(status: number, value: Json): Reply {
  const head = new ResponseHead(status).withHeader("content-type", "application/json");
  return { head, body: writeJson(value) };
}

/** Why a request did not end well, as the host tells a caller. */
export interface CallerFailure {
  /** A kind of the host's table: `unauthenticated`, `rate-limited`, `upstream-error`, … */
  readonly kind: string;
  /** One sentence for the caller. */
  readonly message: string;
  /** The canonical request member at fault. */
  readonly param: string | undefined;
  /** How long the caller should wait. */
  readonly retryAfterMs: number | undefined;
  /** OpenAI's `type` for the kind: `invalid_request_error`, `upstream_error`, … */
  readonly errorType: string;
  /** OpenAI's `code` for the kind. */
  readonly errorCode: string | undefined;
}

/** Writes one reply in the dialect. */
export interface Encoder {
  /** Content type and other headers of the answer. */
  head(): ResponseHead;
  /**
   * Takes the next canonical documents: chunks if the reply streams, the usage chunk among them,
   * else the one document. Returns bytes for the caller: whole events, if the reply streams.
   */
  push(documents: Document[]): Uint8Array | string;
  /** Ends the reply: cleanly, or with one error event of the dialect and no clean end. */
  finish(failure: CallerFailure | undefined): Uint8Array | string;
}

/** Caller side of a dialect: a client API to canonical and back. Pure, like a normalizer. */
export interface Ingress {
  /**
   * Reads a caller's request. `head` says which of the manifest's endpoints was called.
   *
   * @throws Failure `invalid-request`, naming the member as the dialect names it.
   */
  decode(head: RequestHead, body: Uint8Array): Decoded;
  /** Puts a failure into the dialect's error form. */
  fail(status: number, failure: CallerFailure): Reply;
  /** Starts a reply. `extra` is what `decode` returned. */
  encoder(extra: Extra, streaming: boolean): Encoder;
}
