/** Model lists of OpenAI-like servers. */

import { RequestHead, type ResponseHead } from "./envelope.ts";
import { errorInsteadOfAnswer, explainReply } from "./explain.ts";
import { Failure } from "./failure.ts";
import { isObject, type Json } from "./json.ts";
import { decodeUtf8 } from "./utf8.ts";

/** `GET /models`. */
export function listHead(): RequestHead {
  return RequestHead.get("/models").withHeader("accept", "application/json");
}

/**
 * The ids in a model list, each once, in order.
 *
 * Reads OpenAI's `{"data":[{"id"}]}`, a plain list of objects or texts, and
 * `{"models":[{"id" | "model" | "name"}]}`.
 *
 * @throws Failure What the provider says instead of a list, or `upstream-error`.
 */
export function readModelIds(head: ResponseHead, body: Uint8Array): string[] {
  if (head.status < 200 || head.status >= 300) {
    throw explainReply(head, body);
  }
  const text = decodeUtf8(body);
  const failure = errorInsteadOfAnswer(text);
  if (failure) {
    throw failure;
  }
  const list = listIn(parsed(text));
  if (!list) {
    throw Failure.upstream("the provider's model list is not a list of models");
  }
  const ids = list.map(idOf).filter((id) => id !== undefined && id !== "");
  return [...new Set(ids)] as string[];
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return null;
  }
}

function listIn(value: Json): Json[] | undefined {
  const found = isObject(value) ? [value["data"], value["models"]] : [value];
  return found.find((member): member is Json[] => Array.isArray(member));
}

function idOf(entry: Json): string | undefined {
  if (!isObject(entry)) {
    return typeof entry === "string" ? entry : undefined;
  }
  const names = [entry["id"], entry["model"], entry["name"]];
  return names.find((name): name is string => typeof name === "string");
}
