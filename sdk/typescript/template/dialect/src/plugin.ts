/**
 * Speaks the dialect of Provider Name: `{"prompt": "…"}` goes out, JSON lines `{"text": "…"}` and
 * a last `{"done": true}` come back. Replace it by what the provider really speaks.
 */

import {
  Dropped,
  Failure,
  LineSplitter,
  ReplyWriter,
  RequestHead,
  defineNormalizer,
  isObject,
  readChat,
  rewritten,
  textOf,
  writeJson,
  type Call,
  type Decoder,
  type Json,
  type ReplyIdentity,
} from "patchbay-sdk";

/** Canonical members that are expressed, or that say how the reply is wanted. */
const TAKEN = ["model", "messages", "stream", "stream_options"];

export default defineNormalizer({
  plan(call) {
    if (call.operation !== "chat") {
      throw Failure.unknownOperation(call.operation);
    }
    return rewritten(RequestHead.post("/generate").withHeader("content-type", "application/json"));
  },

  encode(_call, canonical) {
    const request = readChat(canonical);
    const dropped = new Dropped();
    dropped.addOthers(request, TAKEN);
    const lines = request.messages.map((message, index) => {
      const text = textOf(message);
      if (text === undefined) {
        dropped.add(`messages[${index}].content`);
      }
      return `${message.role}: ${text ?? ""}`;
    });
    const body = writeJson({ model: request.model, prompt: lines.join("\n") });
    return { body, dropped: dropped.paths() };
  },

  decoder: (call, identity) => new LineDecoder(call, identity),
});

/** Reads the reply, streamed or not: it is lines in both cases. */
class LineDecoder implements Decoder {
  private readonly lines = new LineSplitter();
  private readonly reply: ReplyWriter;
  private isDone = false;

  constructor(call: Call, identity: ReplyIdentity) {
    this.reply = new ReplyWriter(call, identity);
  }

  push(chunk: Uint8Array): string[] {
    this.lines.push(chunk).forEach((line) => this.read(line));
    return this.reply.take();
  }

  finish(): string[] {
    const last = this.lines.finish();
    if (last !== undefined) {
      this.read(last);
    }
    if (!this.isDone) {
      throw Failure.truncated("the provider's reply lacks its end");
    }
    return this.reply.end();
  }

  private read(line: string): void {
    let event: Json;
    try {
      event = JSON.parse(line) as Json;
    } catch {
      throw Failure.upstream("the provider sent a line that is not JSON");
    }
    const { text, done } = isObject(event) ? event : {};
    if (typeof text === "string") {
      this.reply.text(text);
    }
    this.isDone ||= done === true;
  }
}
