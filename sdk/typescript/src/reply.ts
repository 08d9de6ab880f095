/** One canonical reply out of what a provider says piece by piece. */

import type { Call } from "./call.ts";
import type { FinishReason, ReasoningDetail, Usage } from "./canonical.ts";
import { Failure } from "./failure.ts";
import { writeJson, type Json, type JsonObject } from "./json.ts";
import type { Document, ReplyIdentity } from "./normalizer.ts";
import { joinDetail } from "./reasoning.ts";

interface ChoiceState {
  readonly index: number;
  begun: boolean;
  readonly message: JsonObject;
  readonly details: ReasoningDetail[];
  readonly calls: CallState[];
  reason: FinishReason | undefined;
  logprobs: Json | undefined;
}

interface CallState {
  readonly id: string;
  readonly name: string;
  text: string;
  hasArguments: boolean;
}

/**
 * Writes one chat reply, whether it streams or not: a decoder says what it reads, and gets chunks
 * from {@link take} as it goes, or one document from {@link end}.
 *
 * It keeps the rules that clients rely on: the same id, time and model everywhere; the role in
 * the first delta of a choice; indices of tool calls distinct and stable, their id and name once;
 * arguments always JSON, `{}` where there are none; `finish_reason` once, at the end, and
 * `tool_calls` where a provider says "stop" after calling; content null where there are only
 * calls.
 */
export class ReplyWriter {
  private id: string;
  private model: string;
  private readonly created: number;
  private readonly streaming: boolean;
  /** Base of the ids of tool calls that the provider gave none. */
  private readonly callBase: string;
  private readonly choices: ChoiceState[] = [];
  private current: ChoiceState | undefined;
  private ready: Document[] = [];
  private counted: Usage | undefined;
  private readonly members: JsonObject = {};

  /** A reply with the host's identity and the call's model. */
  constructor(call: Call, identity: ReplyIdentity) {
    this.id = identity.id;
    this.created = identity.created;
    this.model = call.model;
    this.streaming = call.streaming;
    this.callBase = identity.id.slice(-24);
  }

  /** Takes the provider's own id and model over; to be called before anything is written. */
  identify(id: string | undefined, model?: string): void {
    this.id = id || this.id;
    this.model = model || this.model;
  }

  /** Turns to the choice of an index. The first is 0, and nothing has to be said of it. */
  choice(index: number): void {
    this.current = this.choices.find((choice) => choice.index === index);
    if (!this.current) {
      const message = { role: "assistant" };
      const empty = {
        begun: false,
        details: [],
        calls: [],
        reason: undefined,
        logprobs: undefined,
      };
      this.current = { index, message, ...empty };
      this.choices.push(this.current);
    }
  }

  /** Begins the choice: the chunk with the role goes out although there is no content yet. */
  begin(): void {
    const choice = this.state();
    if (!choice.begun) {
      choice.begun = true;
      this.delta({ role: "assistant", content: "" });
    }
  }

  /** Appends text. */
  text(text: string): void {
    this.begin();
    if (!this.streaming || text !== "") {
      this.append("content", text);
    }
  }

  /** Appends to the reason why the model declines. */
  refusal(text: string): void {
    this.begin();
    this.append("refusal", text);
  }

  /** Appends reasoning of a provider that does not want it back. */
  reasoningText(text: string): void {
    this.begin();
    this.append("reasoning_content", text);
  }

  /** Appends reasoning that can be given back; what is readable of it goes out as text too. */
  reasoning(detail: ReasoningDetail): void {
    this.begin();
    const readable = detail.text || detail.summary;
    if (this.streaming) {
      const text = readable ? { reasoning_content: readable } : {};
      this.delta({ ...text, reasoning_details: [detail] });
      return;
    }
    if (readable) {
      this.append("reasoning_content", readable);
    }
    joinDetail(this.state().details, detail);
  }

  /**
   * Begins a tool call and returns its index within the choice. Without an id of the provider's
   * it gets one that no other reply has.
   */
  beginCall(id: string | undefined, name: string): number {
    this.begin();
    const choice = this.state();
    const at = choice.calls.length;
    const of = choice.index === 0 ? "" : `${choice.index}_`;
    const own = id || `call_${this.callBase}_${of}${at}`;
    choice.calls.push({ id: own, name, text: "", hasArguments: false });
    const called = { name, arguments: "" };
    this.delta({ tool_calls: [{ index: at, id: own, type: "function", function: called }] });
    return at;
  }

  /** Appends a piece of a call's arguments, which join to a JSON text. */
  arguments(call: number, fragment: string): void {
    const state = this.state().calls[call];
    if (!state || fragment === "") {
      return;
    }
    state.hasArguments = true;
    if (this.streaming) {
      this.delta({ tool_calls: [{ index: call, function: { arguments: fragment } }] });
    } else {
      state.text += fragment;
    }
  }

  /** A whole tool call; `json` is its arguments. */
  call(id: string | undefined, name: string, json: string): void {
    this.arguments(this.beginCall(id, name), json);
  }

  /** Writes a member that canonical has no place for: into the delta, or into the message. */
  member(name: string, value: Json): void {
    this.begin();
    if (this.streaming) {
      this.delta({ [name]: value });
    } else {
      this.state().message[name] = value;
    }
  }

  /** Writes a member of the reply itself: into the last chunk, or the document. */
  replyMember(name: string, value: Json): void {
    this.members[name] = value;
  }

  /** Log probabilities, in canonical form. In a stream those of what is new. */
  logprobs(logprobs: Json): void {
    this.begin();
    if (this.streaming) {
      this.chunk({ delta: {}, logprobs, finish_reason: null });
    } else {
      this.state().logprobs = logprobs;
    }
  }

  /** Why the choice ended. Written by {@link end}. */
  finishReason(reason: FinishReason): void {
    this.state().reason = reason;
  }

  /** What the provider counted. Written by {@link end}; a later count replaces it. */
  usage(usage: Usage | undefined): void {
    this.counted = usage ?? this.counted;
  }

  /** Whether anything was written. */
  isBegun(): boolean {
    return this.choices.some((choice) => choice.begun);
  }

  /** Whether a finish reason was given for the current choice. */
  hasFinishReason(): boolean {
    return this.current?.reason !== undefined;
  }

  /** The chunks since the last time; nothing unless the call streams. */
  take(): Document[] {
    const ready = this.ready;
    this.ready = [];
    return ready;
  }

  /**
   * Ends the reply: in a stream the last chunks, with finish reasons and usage; else the one
   * document. A choice without a reason ends with `stop`, or `tool_calls`.
   */
  end(): Document[] {
    this.state();
    if (!this.streaming) {
      return [this.whole()];
    }
    for (const choice of this.choices) {
      this.current = choice;
      this.begin();
      choice.calls.forEach((call, at) => call.hasArguments || this.arguments(at, "{}"));
      this.chunk({ delta: {}, finish_reason: finalReason(choice) });
    }
    if (this.counted || Object.keys(this.members).length > 0) {
      const counted = this.counted ? { usage: this.counted } : {};
      const last = { ...this.start("chat.completion.chunk"), choices: [] };
      this.ready.push(writeJson({ ...last, ...counted, ...this.members }));
    }
    return this.take();
  }

  private whole(): Document {
    const choices = [...this.choices].sort((a, b) => a.index - b.index).map(wholeChoice);
    const counted = this.counted ? { usage: this.counted } : {};
    return writeJson({ ...this.start("chat.completion"), choices, ...counted, ...this.members });
  }

  private start(object: string): JsonObject {
    return { id: this.id, object, created: this.created, model: this.model };
  }

  private state(): ChoiceState {
    if (!this.current) {
      this.choice(0);
    }
    return this.current as ChoiceState;
  }

  private append(member: "content" | "refusal" | "reasoning_content", text: string): void {
    if (this.streaming) {
      this.delta({ [member]: text });
    } else {
      const { message } = this.state();
      message[member] = ((message[member] as string | undefined) ?? "") + text;
    }
  }

  private delta(delta: JsonObject): void {
    this.chunk({ delta, finish_reason: null });
  }

  private chunk(choice: JsonObject): void {
    if (this.streaming) {
      const choices = [{ index: this.state().index, ...choice }];
      this.ready.push(writeJson({ ...this.start("chat.completion.chunk"), choices }));
    }
  }
}

/**
 * A canonical embeddings reply, with vectors in the order of the input. A vector is an array of
 * numbers; base64, where the caller wants it, is the host's affair.
 *
 * @throws Failure `upstream-error` if a vector is no array.
 */
export function embeddings(model: string, vectors: Json[], counted?: Usage): Document {
  const data = vectors.map((embedding, index) => {
    if (!Array.isArray(embedding)) {
      throw Failure.upstream("a vector of the provider's reply is no array");
    }
    return { object: "embedding", index, embedding };
  });
  return writeJson({ object: "list", data, model, usage: counted });
}

/** The document that answers `count-tokens`. */
export function tokenCount(inputTokens: number): Document {
  return writeJson({ object: "token_count", input_tokens: inputTokens });
}

function finalReason({ reason, calls }: ChoiceState): FinishReason {
  const stopped = reason === undefined || reason === "stop";
  return stopped && calls.length > 0 ? "tool_calls" : (reason ?? "stop");
}

function wholeChoice(choice: ChoiceState): JsonObject {
  const { role, content, refusal, ...rest } = choice.message;
  const isEmpty = choice.calls.length === 0 && refusal === undefined;
  const message: JsonObject = { role, content: content ?? (isEmpty ? "" : null), refusal, ...rest };
  if (choice.details.length > 0) {
    message["reasoning_details"] = choice.details;
  }
  if (choice.calls.length > 0) {
    message["tool_calls"] = choice.calls.map(({ id, name, text, hasArguments }) => ({
      id,
      type: "function",
      function: { name, arguments: hasArguments ? text : "{}" },
    }));
  }
  return {
    index: choice.index,
    message,
    finish_reason: finalReason(choice),
    logprobs: choice.logprobs ?? null,
  };
}
