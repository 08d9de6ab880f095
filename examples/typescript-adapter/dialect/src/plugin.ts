/**
 * Speaks the dialect of Nimbus, a provider that does not exist. It has everything that makes a
 * dialect work: a request of its own shape, a stream of named events, errors in words of its own,
 * and vectors.
 */

import { Failure, RequestHead, defineNormalizer, rewritten, type Call } from "patchbay-sdk";

import { encodeChat } from "./chat.ts";
import { ChatDecoder } from "./reply.ts";
import { explain } from "./trouble.ts";
import { VectorsDecoder, encodeVectors } from "./vectors.ts";

export default defineNormalizer({
  plan(call) {
    const isChat = operation(call) === "chat";
    const head = RequestHead.post(isChat ? "/converse" : "/vectors");
    const plan = rewritten(head.withHeader("content-type", "application/json"));
    return isChat ? plan : { ...plan, maxInputs: 64 };
  },

  encode: (call, canonical) =>
    operation(call) === "chat" ? encodeChat(canonical) : encodeVectors(canonical),

  explain: (_call, head, body) => explain(head, body),

  decoder: (call, identity) =>
    operation(call) === "chat" ? new ChatDecoder(call, identity) : new VectorsDecoder(call),
});

function operation(call: Call): "chat" | "embeddings" {
  if (call.operation !== "chat" && call.operation !== "embeddings") {
    throw Failure.unknownOperation(call.operation);
  }
  return call.operation;
}
