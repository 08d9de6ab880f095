/** Embeddings: `{"engine", "texts"}` and `{"vectors", "tally": {"in"}}`. */

import {
  Dropped,
  Failure,
  Utf8Splitter,
  embeddings,
  isObject,
  readEmbeddings,
  usage,
  writeJson,
  type Call,
  type Decoder,
  type Encoded,
  type Ending,
} from "patchbay-sdk";

import { count, objectIn } from "./reply.ts";

/** `encoding_format` needs nothing: the gateway writes base64 where the caller wants it. */
const TAKEN = ["model", "input", "encoding_format"];

/** Rewrites a canonical embeddings request. */
export function encodeVectors(canonical: Uint8Array): Encoded {
  const request = readEmbeddings(canonical);
  const texts = typeof request.input === "string" ? [request.input] : request.input;
  if (!texts.every((text) => typeof text === "string")) {
    throw Failure.invalidRequest("input", "Nimbus takes texts alone, no tokens");
  }
  const dropped = new Dropped();
  dropped.addOthers(request, TAKEN);
  return { body: writeJson({ engine: request.model, texts }), dropped: dropped.paths() };
}

/** Reads the vectors. */
export class VectorsDecoder implements Decoder {
  private readonly text = new Utf8Splitter();
  private whole = "";

  constructor(private readonly call: Call) {}

  push(chunk: Uint8Array): string[] {
    this.whole += this.text.push(chunk);
    return [];
  }

  finish(ending: Ending): string[] {
    const { vectors, tally } = objectIn(this.whole + this.text.finish(), ending);
    if (!Array.isArray(vectors)) {
      throw Failure.upstream("Nimbus sent no vectors");
    }
    const tokens = isObject(tally) ? count(tally["in"]) : undefined;
    return [embeddings(this.call.model, vectors, usage(tokens))];
  }
}
