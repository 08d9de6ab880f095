/** The shape of a manifest's self-test vectors. What they say of the plugin a gateway proves. */

import { isObject, type Json, type JsonObject } from "../json.ts";

/** Most vectors that a gateway runs. */
const MAX_VECTORS = 64;

/** A function that vectors call. */
interface Kind {
  /** The kind of plugin that has it. */
  readonly of: string;
  /** Which arguments it may be given. */
  readonly arguments: readonly string[];
  /** Of these it is given exactly one. */
  readonly oneOf: readonly string[];
  /** Members of its answer. */
  readonly answer: readonly string[];
}

const HEAD = ["method", "path", "headers"];
const REPLY = ["body", "body_base64"];

const KINDS: Readonly<Record<string, Kind>> = {
  plan: {
    of: "normalizer",
    arguments: ["call"],
    oneOf: [],
    answer: [...HEAD, "encode_body", "verbatim"],
  },
  encode: {
    of: "normalizer",
    arguments: ["call"],
    oneOf: ["canonical"],
    answer: [...HEAD, "body", "dropped", "extra"],
  },
  decode: {
    of: "normalizer",
    arguments: ["call", "status", "headers", "clean", "extra", "whole_only"],
    oneOf: REPLY,
    answer: ["documents"],
  },
  explain: {
    of: "normalizer",
    arguments: ["call", "status", "headers"],
    oneOf: REPLY,
    answer: [],
  },
  prepare: {
    of: "http-adapter",
    arguments: ["call", "head"],
    oneOf: [],
    answer: [...HEAD, "credential"],
  },
  process: {
    of: "process-adapter",
    arguments: ["call"],
    oneOf: [],
    answer: ["program", "arguments", "environment", "body_on_stdin", "timeout_ms", "credential"],
  },
  "ingress-decode": {
    of: "normalizer",
    arguments: ["head"],
    oneOf: ["body"],
    answer: ["operation", "streaming", "canonical", "extra"],
  },
  "ingress-encode": {
    of: "normalizer",
    arguments: ["extra", "streaming"],
    oneOf: ["documents"],
    answer: ["status", "headers", "body"],
  },
};

/** What is wrong with the vectors of a plugin of some kind; nothing if they are good. */
export function vectorProblems(vectors: readonly Json[], plugin: string): string[] {
  const found = vectors.flatMap((vector, index) =>
    (isObject(vector) ? problemsOf(vector, plugin) : ["is no object"]).map(
      (problem) => `self_test[${index}] ${problem}`,
    ),
  );
  return vectors.length > MAX_VECTORS
    ? [`self_test has more than ${MAX_VECTORS} vectors`, ...found]
    : found;
}

function problemsOf(vector: JsonObject, plugin: string): string[] {
  const name = typeof vector["kind"] === "string" ? vector["kind"] : "";
  const kind = Object.hasOwn(KINDS, name) ? KINDS[name] : undefined;
  if (kind?.of !== plugin) {
    const fitting = Object.keys(KINDS).filter((it) => KINDS[it]?.of === plugin);
    return [`kind ${JSON.stringify(name)} is none of ${fitting.join(", ")}`];
  }
  const found: string[] = [];
  const given = kind.oneOf.filter((member) => Object.hasOwn(vector, member));
  if (kind.oneOf.length > 0 && given.length !== 1) {
    found.push(`(${name}) has one of ${kind.oneOf.join(", ")}`);
  }
  const known = ["kind", "name", "expect", ...kind.arguments, ...kind.oneOf];
  for (const member of Object.keys(vector).filter((it) => !known.includes(it))) {
    found.push(`(${name}) has no argument ${JSON.stringify(member)}`);
  }
  const { expect } = vector;
  if (!isObject(expect) || Object.keys(expect).length === 0) {
    return [...found, `(${name}) expects nothing`];
  }
  const answered = [...kind.answer, "failure"];
  for (const member of Object.keys(expect).filter((it) => !answered.includes(it))) {
    found.push(`(${name}) answers no ${JSON.stringify(member)}`);
  }
  return found;
}
