/**
 * The canonical language, OpenAI's wire JSON, as types. Members that are not named here are kept
 * too, because every object is a JSON object.
 */

import type { Json, JsonNumber, JsonObject } from "./json.ts";

/** A number as it was written. */
export type Digits = number | JsonNumber;

/** Who says something. */
export type Role = "system" | "developer" | "user" | "assistant" | "tool" | "function";

/** A chat request. */
export interface ChatRequest extends JsonObject {
  model: string;
  messages: Message[];
  stream?: boolean | null;
  max_tokens?: Digits | null;
  max_completion_tokens?: Digits | null;
  temperature?: Digits | null;
  top_p?: Digits | null;
  seed?: Digits | null;
  stop?: string | string[] | null;
  n?: Digits | null;
  tools?: Tool[] | null;
  tool_choice?: Json;
  response_format?: JsonObject | null;
}

/** One message of a chat. */
export interface Message extends JsonObject {
  role: Role;
  content?: string | ContentPart[] | null;
  name?: string | null;
  refusal?: string | null;
  tool_calls?: ToolCall[] | null;
  tool_call_id?: string | null;
  reasoning_content?: string | null;
  reasoning_details?: ReasoningDetail[] | null;
}

/** A piece of a message: `{"type":"text","text"}`, `{"type":"image_url","image_url":{"url"}}`, … */
export interface ContentPart extends JsonObject {
  type: string;
  text?: string;
}

/** A tool that a model may call. */
export interface Tool extends JsonObject {
  type: string;
  function?: ToolFunction;
}

/** The function of a tool; `parameters` is a JSON Schema. */
export interface ToolFunction extends JsonObject {
  name: string;
  description?: string | null;
  parameters?: JsonObject | null;
}

/** A call of a tool; `arguments` is JSON text. */
export interface ToolCall extends JsonObject {
  id?: string;
  type?: string;
  function?: FunctionCall;
}

/** Name and arguments of a call. */
export interface FunctionCall extends JsonObject {
  name?: string;
  arguments?: string;
}

/** Reasoning that its provider wants back, byte for byte; `format` says who can read it. */
export interface ReasoningDetail extends JsonObject {
  type: string;
  format?: string | null;
  text?: string | null;
  summary?: string | null;
  signature?: string | null;
  data?: string | null;
  id?: string | null;
  index?: number | null;
}

/** What a provider counted. */
export interface Usage extends JsonObject {
  prompt_tokens: number;
  completion_tokens?: number;
  total_tokens: number;
}

/** Why a choice ended. */
export type FinishReason = "stop" | "length" | "tool_calls" | "content_filter";

/** An embeddings request. */
export interface EmbeddingsRequest extends JsonObject {
  model: string;
  input: string | string[] | Digits[] | Digits[][];
  dimensions?: Digits | null;
  encoding_format?: string | null;
}

/** What a provider counted, out of its two numbers; undefined if it counted neither. */
export function usage(promptTokens?: number, completionTokens?: number): Usage | undefined {
  if (promptTokens === undefined && completionTokens === undefined) {
    return undefined;
  }
  const [prompt_tokens, completion_tokens] = [promptTokens ?? 0, completionTokens ?? 0];
  return { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens };
}
