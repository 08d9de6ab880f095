/** A way to reach a provider over HTTP. */

import type { Call, Settings } from "./call.ts";
import type { Exchange, RequestHead, ResponseHead } from "./envelope.ts";
import { listHead, readModelIds } from "./models.ts";

/** The credential slot that the defaults name. */
export const DEFAULT_SLOT = "api_key";

/**
 * Reaches a provider over HTTP. Sees envelopes, never a prompt, a completion, an address or a
 * key. Every function is pure: its answer depends on its arguments alone.
 */
export interface HttpAdapter {
  /**
   * Turns the normalizer's head into the exchange: paths, versions, headers, credential slot.
   * The host remembers the answer for arguments that are equal. By default the head goes out as
   * it is, with the slot `api_key`.
   */
  prepare?(call: Call, head: RequestHead): Exchange;
  /** The cheapest exchange that proves reach and credentials. By default `GET /models`. */
  probe?(settings: Settings): Exchange;
  /** The exchange that lists models; undefined if there is none. By default the probe. */
  listModels?(settings: Settings): Exchange | undefined;
  /** The model ids in the reply to `listModels`. By default {@link readModelIds}. */
  readModels?(head: ResponseHead, body: Uint8Array): string[];
}

/** An adapter with its defaults filled in. */
export interface HttpAdapterPlugin extends Required<HttpAdapter> {
  readonly kind: "http-adapter";
}

/** Makes an HTTP adapter, a plugin's default export. The defaults are an OpenAI-like server's. */
export function defineHttpAdapter(adapter: HttpAdapter = {}): HttpAdapterPlugin {
  const credential = DEFAULT_SLOT;
  const probe = adapter.probe?.bind(adapter) ?? (() => ({ head: listHead(), credential }));
  return {
    kind: "http-adapter",
    prepare: adapter.prepare?.bind(adapter) ?? ((_call, head) => ({ head, credential })),
    probe,
    listModels: adapter.listModels?.bind(adapter) ?? probe,
    readModels: adapter.readModels?.bind(adapter) ?? readModelIds,
  };
}
