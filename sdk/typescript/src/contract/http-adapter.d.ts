/// <reference path="./types.d.ts" />
declare module 'patchbay:plugin/http-adapter@0.1.0' {
  /**
   * Turns the normalizer's head into the exchange: paths, versions, headers, credential slot.
   * A pure function of its arguments: the host remembers the answer and does not ask again
   * while provider and plugins stay the same.
   */
  export function prepare(call: Call, head: RequestHead): Exchange;
  /**
   * The cheapest exchange that proves reach and credentials.
   */
  export function probe(settings: Json): Exchange;
  /**
   * The exchange that lists the provider's models; none if it has no such thing.
   */
  export function listModels(settings: Json): Exchange | undefined;
  /**
   * The model ids in the reply to `list-models`.
   */
  export function readModels(head: ResponseHead, body: Uint8Array): Array<string>;
  export type Json = import('patchbay:plugin/types@0.1.0').Json;
  export type Call = import('patchbay:plugin/types@0.1.0').Call;
  export type RequestHead = import('patchbay:plugin/types@0.1.0').RequestHead;
  export type ResponseHead = import('patchbay:plugin/types@0.1.0').ResponseHead;
  export type Failure = import('patchbay:plugin/types@0.1.0').Failure;
  export type Extra = import('patchbay:plugin/types@0.1.0').Extra;
  /**
   * One request to the provider, without authority, body and secret.
   */
  export interface Exchange {
    head: RequestHead,
    /**
     * Name of a credential slot from the manifest. The host applies the secret, in the way
     * the manifest declares, after this call has returned; none sends no credential.
     */
    credential?: string,
    /**
     * Known names, for the use `aws-sigv4`: "aws-region" and "aws-service", texts.
     */
    extra: Extra,
  }
}
