/** A recorded reply, decoded again. */

import type { Call, Extra } from "../call.ts";
import { ResponseHead } from "../envelope.ts";
import { Failure } from "../failure.ts";
import { isObject, parseJson, writeJson, type JsonObject } from "../json.ts";
import type { Decoder, Ending, NormalizerPlugin, ReplyIdentity } from "../normalizer.ts";
import { encodeUtf8 } from "../utf8.ts";
import { identity } from "./calls.ts";
import { everyCut } from "./slicing.ts";

/** One recorded reply to one call, to be decoded as the host would. */
export class Replay {
  private known: ReplyIdentity = identity();
  private head = new ResponseHead(200);
  private joins = false;

  constructor(
    private readonly plugin: NormalizerPlugin,
    private readonly call: Call,
  ) {}

  /** Replaces the reply's head, which is status 200 without headers. */
  withHead(head: ResponseHead): this {
    this.head = head;
    return this;
  }

  /** What `encode` returned for the decoder. */
  withExtra(extra: Extra): this {
    this.known = { ...this.known, extra };
    return this;
  }

  /**
   * Joins neighbouring chunks that differ in nothing but their text: for a dialect without
   * frames of its own, where every read is a chunk.
   */
  joiningText(): this {
    this.joins = true;
    return this;
  }

  /**
   * Decodes the reply from pieces.
   *
   * @throws Failure The decoder's own.
   */
  decode(pieces: (Uint8Array | string)[], ending: Ending = "clean"): JsonObject[] {
    const decoder = this.start();
    const documents: string[] = [];
    for (const piece of pieces) {
      documents.push(...decoder.push(typeof piece === "string" ? encodeUtf8(piece) : piece));
      if (!this.call.streaming && documents.length > 0) {
        throw new Error("documents before the end of a reply that is not streamed");
      }
    }
    documents.push(...decoder.finish(ending));
    if (!this.call.streaming && documents.length !== 1) {
      throw new Error(`${documents.length} documents for one reply`);
    }
    const values = documents.map(read);
    return this.joins ? joinText(values) : values;
  }

  /**
   * Decodes the reply in one piece and cut in every way (`everyCut`), and returns the documents.
   *
   * @throws Failure The decoder's own, if it is the same for every slicing.
   * @throws Error If a slicing gives another result.
   */
  atEverySlicing(body: Uint8Array | string): JsonObject[] {
    const bytes = typeof body === "string" ? encodeUtf8(body) : body;
    const whole = this.outcome([bytes]);
    everyCut(bytes, (pieces) => {
      const cut = this.outcome(pieces);
      if (cut !== whole) {
        const lengths = pieces.map((piece) => piece.length).join(", ");
        throw new Error(`cut into ${lengths} bytes the reply gives ${cut}, whole ${whole}`);
      }
    });
    return this.decode([bytes]);
  }

  /**
   * Breaks the reply off at every byte: each time it has to fail, or to be whole already.
   *
   * @throws Error If a part of the reply is taken for an answer.
   */
  atEveryTruncation(body: Uint8Array | string): void {
    const bytes = typeof body === "string" ? encodeUtf8(body) : body;
    const whole = this.outcome([bytes]);
    for (let end = 0; end < bytes.length; end += 1) {
      const cut = this.outcome([bytes.subarray(0, end)], "broken");
      if (cut !== whole && !cut.startsWith("failure ")) {
        throw new Error(`broken off after ${end} bytes the reply is taken for an answer: ${cut}`);
      }
    }
  }

  private start(): Decoder {
    if (!this.plugin.egress) {
      throw new Error("the dialect has no side towards providers");
    }
    return this.plugin.egress.decoder(this.call, this.known, this.head);
  }

  /** The documents or the failure as one text. */
  private outcome(pieces: Uint8Array[], ending: Ending = "clean"): string {
    try {
      return writeJson(this.decode(pieces, ending));
    } catch (thrown) {
      if (!(thrown instanceof Failure)) throw thrown;
      const { kind, message, param, retryAfterMs, upstreamCode } = thrown;
      return `failure ${JSON.stringify([kind, message, param, retryAfterMs, upstreamCode])}`;
    }
  }
}

function read(document: string): JsonObject {
  const value = parseJson(document);
  if (!isObject(value)) {
    throw new Error(`a document is not a JSON object: ${document}`);
  }
  return value;
}

function joinText(documents: JsonObject[]): JsonObject[] {
  const joined: JsonObject[] = [];
  for (const document of documents) {
    const before = deltaOfText(joined.at(-1));
    const after = deltaOfText(document);
    const isSame = before && after && sameBut(joined.at(-1), before, document, after);
    if (isSame) {
      before["content"] = `${String(before["content"])}${String(after["content"])}`;
    } else {
      joined.push(document);
    }
  }
  return joined;
}

/** Whether two chunks are equal, apart from the texts of their deltas. */
function sameBut(
  left: JsonObject | undefined,
  leftDelta: JsonObject,
  right: JsonObject,
  rightDelta: JsonObject,
): boolean {
  const [a, b] = [leftDelta["content"], rightDelta["content"]];
  leftDelta["content"] = rightDelta["content"] = "";
  const isSame = left !== undefined && writeJson(left) === writeJson(right);
  leftDelta["content"] = a;
  rightDelta["content"] = b;
  return isSame;
}

/** The delta of a chunk that has text and nothing else. */
function deltaOfText(document: JsonObject | undefined): JsonObject | undefined {
  const choices = document?.["choices"];
  const choice = Array.isArray(choices) ? choices[0] : undefined;
  const delta = isObject(choice) ? choice["delta"] : undefined;
  const isText =
    isObject(delta) && Object.keys(delta).length === 1 && typeof delta["content"] === "string";
  return isText ? delta : undefined;
}
