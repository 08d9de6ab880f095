/// <reference path="./types.d.ts" />
declare module 'patchbay:plugin/ingress@0.1.0' {
  /**
   * Reads a caller's request. `head` carries no credential.
   */
  export function decode(head: RequestHead, body: Uint8Array): Decoded;
  /**
   * Puts a failure into the dialect's error form. `status` is what the host answers with.
   * `failure.kind` is any kind of the host's table, not only those that plugins may name.
   * `failure.extra` has the table's "error-type" and "error-code", texts, in OpenAI's words.
   */
  export function fail(status: number, failure: Failure): Reply;
  export type Extra = import('patchbay:plugin/types@0.1.0').Extra;
  export type RequestHead = import('patchbay:plugin/types@0.1.0').RequestHead;
  export type ResponseHead = import('patchbay:plugin/types@0.1.0').ResponseHead;
  export type Failure = import('patchbay:plugin/types@0.1.0').Failure;
  /**
   * A caller's request in canonical form.
   */
  export interface Decoded {
    /**
     * The canonical operation: "chat", "embeddings" or "count-tokens".
     */
    operation: string,
    /**
     * The model the caller named.
     */
    model: string,
    streaming: boolean,
    /**
     * Canonical request body: OpenAI wire JSON. What the dialect has beyond it travels as
     * members that canonical does not know; the provider's side carries or names them.
     */
    canonical: Uint8Array,
    /**
     * Handed back to the `encoder` of the same request.
     */
    extra: Extra,
  }
  /**
   * A complete answer.
   */
  export interface Reply {
    head: ResponseHead,
    body: Uint8Array,
  }

  export class Encoder {
    constructor(decodedExtra: Extra, streaming: boolean)
    /**
    * Content type and other headers of the answer. Status 200.
    */
    head(): ResponseHead;
    /**
    * Takes the next canonical documents, returns bytes for the caller: whole events if the
    * reply streams, in which a usage document always comes if the provider counted.
    */
    push(documents: Array<Uint8Array>): Uint8Array;
    /**
    * Ends the reply: cleanly, or with one error event of the dialect and no clean end.
    */
    finish(failure: Failure | undefined): Uint8Array;
  }
}
