/**
 * Chat replies. Streamed they are named events: `begin`, any number of `words` and `use`, `tally`,
 * `end`, or `trouble` instead. Otherwise they are one object with the same members.
 */

import {
  Failure,
  ReplyWriter,
  SseSplitter,
  Utf8Splitter,
  isObject,
  usage,
  writeJson,
  type Call,
  type Decoder,
  type Ending,
  type FinishReason,
  type Json,
  type JsonObject,
  type ReplyIdentity,
  type SseEvent,
} from "patchbay-sdk";

import { troubleIn } from "./trouble.ts";

const REASONS: ReadonlyMap<Json | undefined, FinishReason> = new Map([
  ["finished", "stop"],
  ["length", "length"],
  ["ability", "tool_calls"],
  ["blocked", "content_filter"],
]);

/** Reads one chat reply. */
export class ChatDecoder implements Decoder {
  private readonly reply: ReplyWriter;
  private readonly events = new SseSplitter();
  private readonly text = new Utf8Splitter();
  private whole = "";
  private isEnded = false;

  constructor(
    private readonly call: Call,
    identity: ReplyIdentity,
  ) {
    this.reply = new ReplyWriter(call, identity);
  }

  push(chunk: Uint8Array): string[] {
    if (!this.call.streaming) {
      this.whole += this.text.push(chunk);
      return [];
    }
    this.events.push(chunk).forEach((event) => this.read(event));
    return this.reply.take();
  }

  finish(ending: Ending): string[] {
    if (!this.call.streaming) {
      this.readWhole(this.whole + this.text.finish(), ending);
    }
    if (!this.isEnded) {
      throw Failure.truncated("the reply of Nimbus lacks its end");
    }
    return this.reply.end();
  }

  private readWhole(text: string, ending: Ending): void {
    const reply = objectIn(text, ending);
    this.begin(reply);
    this.words(reply);
    const uses = reply["uses"];
    if (Array.isArray(uses)) {
      uses.filter(isObject).forEach((use) => this.use(use));
    }
    this.tally(reply["tally"]);
    this.end(reply);
  }

  private read({ event, data }: SseEvent): void {
    const value = objectIn(data, "clean");
    switch (event) {
      case "begin":
        return this.begin(value);
      case "words":
        return this.words(value);
      case "use":
        return this.use(value);
      case "tally":
        return this.tally(value);
      case "end":
        return this.end(value);
      default: // A later version's event says nothing that this one needs.
    }
  }

  private begin({ ref }: JsonObject): void {
    this.reply.identify(typeof ref === "string" ? ref : undefined);
    this.reply.begin();
  }

  private words({ say }: JsonObject): void {
    if (typeof say === "string" && say !== "") {
      this.reply.text(say);
    }
  }

  private use({ ref, ability, input }: JsonObject): void {
    if (typeof ability !== "string") {
      throw Failure.upstream("Nimbus used an ability without a name");
    }
    const id = typeof ref === "string" ? ref : undefined;
    this.reply.call(id, ability, writeJson(input ?? {}));
  }

  private tally(tally: Json | undefined): void {
    if (isObject(tally)) {
      this.reply.usage(usage(count(tally["in"]), count(tally["out"])));
    }
  }

  private end({ why }: JsonObject): void {
    const reason = REASONS.get(why);
    if (why === undefined) {
      throw Failure.upstream("Nimbus does not say why its reply ended");
    }
    this.reply.finishReason(reason ?? "stop");
    this.isEnded = true;
  }
}

/** A text as an object; what is a trouble is thrown. */
export function objectIn(text: string, ending: Ending): JsonObject {
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    throw ending === "clean"
      ? Failure.upstream("Nimbus sent what is not JSON")
      : Failure.truncated("the reply of Nimbus lacks its end");
  }
  if (!isObject(value)) {
    throw Failure.upstream("Nimbus sent what is no object");
  }
  const trouble = troubleIn(value);
  if (trouble) {
    throw trouble;
  }
  return value;
}

/** A number of tokens. */
export function count(value: Json | undefined): number | undefined {
  return typeof value === "number" && value >= 0 ? Math.floor(value) : undefined;
}
