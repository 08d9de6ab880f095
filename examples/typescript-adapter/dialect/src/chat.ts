/** Chat requests: `{"engine", "live", "turns", "abilities", "options"}`. */

import {
  Dropped,
  Failure,
  parseJson,
  readChat,
  textOf,
  writeJson,
  type ChatRequest,
  type Encoded,
  type Json,
  type JsonObject,
  type Message,
  type Tool,
  type ToolCall,
} from "patchbay-sdk";

/** Canonical members that are expressed; `stream_options` needs nothing, Nimbus always counts. */
const TAKEN = [
  "model",
  "messages",
  "stream",
  "stream_options",
  "tools",
  "temperature",
  "top_p",
  "seed",
  "stop",
  "max_tokens",
  "max_completion_tokens",
];
const TAKEN_OF_MESSAGE = ["role", "content", "tool_calls", "tool_call_id"];

const FROM: Record<Message["role"], string> = {
  system: "director",
  developer: "director",
  user: "human",
  assistant: "bot",
  tool: "ability",
  function: "ability",
};

/** Rewrites a canonical chat request. */
export function encodeChat(canonical: Uint8Array): Encoded {
  const request = readChat(canonical);
  const dropped = new Dropped();
  dropped.addOthers(request, TAKEN);
  const turns = request.messages.map((message, index) => {
    dropped.addOthers(message, TAKEN_OF_MESSAGE, `messages[${index}].`);
    return turnOf(message, `messages[${index}]`);
  });
  const body: JsonObject = {
    engine: request.model,
    live: request.stream === true,
    turns,
    abilities: request.tools?.map(abilityOf),
    options: optionsOf(request),
  };
  return { body: writeJson(body), dropped: dropped.paths() };
}

function turnOf(message: Message, path: string): JsonObject {
  const say = textOf(message);
  if (say === undefined) {
    throw Failure.invalidRequest(
      `${path}.content`,
      "Nimbus takes text alone; leave other parts out",
    );
  }
  const uses = message.tool_calls?.map((call, index) =>
    useOf(call, `${path}.tool_calls[${index}]`),
  );
  return {
    from: FROM[message.role],
    say,
    uses: uses && uses.length > 0 ? uses : undefined,
    ref: message.tool_call_id ?? undefined,
  };
}

function useOf(call: ToolCall, path: string): JsonObject {
  return {
    ref: call.id,
    ability: call.function?.name,
    input: inputOf(call.function?.arguments, path),
  };
}

function inputOf(json: string | undefined, path: string): Json {
  try {
    return parseJson(json || "{}");
  } catch {
    throw Failure.invalidRequest(`${path}.function.arguments`, "the arguments are not JSON");
  }
}

function abilityOf(tool: Tool): JsonObject {
  const { name, description, parameters } = tool.function ?? { name: tool.type };
  return { name, about: description ?? undefined, input: parameters ?? undefined };
}

function optionsOf(request: ChatRequest): JsonObject {
  const { temperature, top_p, seed, stop, max_tokens, max_completion_tokens } = request;
  return {
    heat: temperature ?? undefined,
    top: top_p ?? undefined,
    dice: seed ?? undefined,
    halt: typeof stop === "string" ? [stop] : (stop ?? undefined),
    length: max_completion_tokens ?? max_tokens ?? undefined,
  };
}
