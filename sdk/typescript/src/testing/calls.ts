/** Calls and the identity that tests use. */

import { Settings, type Call } from "../call.ts";
import type { JsonObject } from "../json.ts";
import type { ReplyIdentity } from "../normalizer.ts";

/** A call of an operation that is not streamed. */
export function callOf(operation: string, model: string, settings: JsonObject = {}): Call {
  const known = new Settings(JSON.stringify(settings));
  return { operation, model, streaming: false, settings: known, extra: [] };
}

/** A chat call that is not streamed. */
export function chat(model: string, settings: JsonObject = {}): Call {
  return callOf("chat", model, settings);
}

/** A streamed chat call. */
export function chatStream(model: string, settings: JsonObject = {}): Call {
  return { ...chat(model, settings), streaming: true };
}

/** An embeddings call. */
export function embeddingsCall(model: string, settings: JsonObject = {}): Call {
  return callOf("embeddings", model, settings);
}

/** The identity that replays use: id `chatcmpl-test`, created at 1700000000. */
export function identity(): ReplyIdentity {
  return { id: "chatcmpl-test", created: 1_700_000_000, extra: [] };
}
