/**
 * Write Patchbay plugins in TypeScript.
 *
 * A plugin is a pure, synchronous function from bytes to bytes. It has no sockets, no files, no
 * clock and no keys; the gateway does all of that. Its module's default export is what one of
 * `defineNormalizer`, `defineIngress`, `defineHttpAdapter` and `defineProcessAdapter` returns;
 * `patchbay-sdk build` makes a component of it. The same module runs in node, so tests need no
 * gateway and no WebAssembly.
 */

export { Settings, type Call, type Extra } from "./call.ts";
export * from "./canonical.ts";
export {
  RequestHead,
  ResponseHead,
  argument,
  bodyAfter,
  rewritten,
  verbatim,
  type Argument,
  type Encoded,
  type Exchange,
  type ExchangePlan,
  type Header,
  type Process,
} from "./envelope.ts";
export {
  errorInsteadOfAnswer,
  explainReply,
  kindOfStatus,
  readError,
  refusedCredential,
  type ErrorBody,
} from "./explain.ts";
export { FAILURE_KINDS, Failure, type FailureDetails, type FailureKind } from "./failure.ts";
export {
  DEFAULT_SLOT,
  defineHttpAdapter,
  type HttpAdapter,
  type HttpAdapterPlugin,
} from "./http-adapter.ts";
export {
  jsonReply,
  type CallerFailure,
  type Decoded,
  type Encoder,
  type Ingress,
  type Reply,
} from "./ingress.ts";
export { JsonNumber, isObject, parseJson, writeJson, type Json, type JsonObject } from "./json.ts";
export { log, type Level } from "./log.ts";
export { listHead, readModelIds } from "./models.ts";
export {
  defineIngress,
  defineNormalizer,
  type Decoder,
  type Document,
  type Ending,
  type Normalizer,
  type NormalizerPlugin,
  type ReplyIdentity,
} from "./normalizer.ts";
export {
  defineProcessAdapter,
  type ProcessAdapter,
  type ProcessAdapterPlugin,
} from "./process-adapter.ts";
export { ReplyWriter, embeddings, tokenCount } from "./reply.ts";
export {
  Dropped,
  isInstruction,
  parseDataUrl,
  pathSegment,
  readChat,
  readEmbeddings,
  readRequest,
  textOf,
  type DataUrl,
} from "./request.ts";
export { retryAfterMs } from "./retry-after.ts";
export { LineSplitter } from "./split/lines.ts";
export { SseSplitter, type SseEvent } from "./split/sse.ts";
export { Utf8Splitter } from "./split/utf8.ts";
export { decodeUtf8, encodeUtf8 } from "./utf8.ts";
