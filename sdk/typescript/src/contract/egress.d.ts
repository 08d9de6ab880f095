/// <reference path="./types.d.ts" />
declare module 'patchbay:plugin/egress@0.1.0' {
  /**
   * Plans an exchange. A pure function of `call`: the host remembers the answer and does not
   * ask again while provider and plugin stay the same.
   */
  export function plan(call: Call): ExchangePlan;
  /**
   * Rewrites a canonical request body. `canonical` is valid JSON, an object, whose `model`
   * is `call.model` and which carries `stream_options.include_usage` if it streams.
   *
   * A caller that speaks this very dialect is not translated: its body goes out as it came,
   * but for the top-level member `model`, and the reply goes back as it comes. The decoder
   * then reads along for usage, errors and a truncated end.
   */
  export function encode(call: Call, canonical: Uint8Array): Encoded;
  /**
   * Explains a reply whose status is not 2xx. `body` is cut at 64 KiB.
   */
  export function explain(call: Call, head: ResponseHead, body: Uint8Array): Failure;
  export type Call = import('patchbay:plugin/types@0.1.0').Call;
  export type RequestHead = import('patchbay:plugin/types@0.1.0').RequestHead;
  export type ResponseHead = import('patchbay:plugin/types@0.1.0').ResponseHead;
  export type Failure = import('patchbay:plugin/types@0.1.0').Failure;
  export type Extra = import('patchbay:plugin/types@0.1.0').Extra;
  /**
   * What can be said about an exchange before its body is looked at.
   */
  export interface ExchangePlan {
    /**
     * Method, path and headers of the request.
     */
    head: RequestHead,
    /**
     * True if the canonical body has to be rewritten: the host calls `encode`. False if it
     * is right as it is: the host sends it and copies nothing into the plugin.
     */
    encodeBody: boolean,
    /**
     * True if a good reply is canonical already. The host then relays its bytes without a
     * call per chunk and reads along only for usage, errors and a truncated end.
     */
    verbatim: boolean,
    /**
     * Known names: "max-inputs", a number: the provider takes no more inputs in one
     * embeddings request. The host splits longer lists and joins the answers.
     */
    extra: Extra,
  }
  /**
   * A rewritten body.
   */
  export interface Encoded {
    /**
     * Replaces the plan's head where the body decides it; none keeps the plan's.
     */
    head?: RequestHead,
    /**
     * The provider's request body.
     */
    body: Uint8Array,
    /**
     * Canonical members, as paths, that the dialect cannot express. The host names them
     * to the caller.
     */
    dropped: Array<string>,
    /**
     * Handed back to the `decoder` of the same attempt, in `reply-identity.extra`.
     */
    extra: Extra,
  }
  /**
   * What a decoder cannot know by itself, being without clock and randomness.
   */
  export interface ReplyIdentity {
    /**
     * Id for the canonical reply where the provider gives none: "chatcmpl-…".
     */
    id: string,
    /**
     * Seconds since 1970-01-01T00:00:00Z, for the member `created`.
     */
    created: bigint,
    /**
     * What `encode` returned as `extra`; nothing if the body was not rewritten.
     */
    extra: Extra,
  }

  export class Decoder {
    constructor(call: Call, identity: ReplyIdentity, head: ResponseHead)
    /**
    * Takes the next bytes. Every slicing of the reply is legal, inside a UTF-8 sequence
    * too, and must lead to the same documents or, for a dialect without frames, to documents
    * that differ only in where the text is cut. Returns finished canonical JSON documents:
    * `chat.completion.chunk` objects if `call.streaming`, else nothing until `finish`.
    */
    push(chunk: Uint8Array): Array<Uint8Array>;
    /**
    * Ends the reply. `clean` is false if the connection broke or the program was ended.
    * Returns the remaining documents: for a stream the last chunk with `choices: []` and
    * `usage` where the provider counted, else exactly one document: a `chat.completion`,
    * an embeddings `list` whose vectors are arrays of numbers (the host writes base64
    * where the caller wants it), or for "count-tokens" `{"object": "token_count",
    * "input_tokens": 7}`. A reply that lacks its end is a failure of kind
    * "stream-truncated".
    */
    finish(clean: boolean): Array<Uint8Array>;
  }
}
