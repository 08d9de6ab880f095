/** What the host says of one attempt, and the provider's settings in it. */

import { Failure } from "./failure.ts";
import { isObject, parseJson, type Json, type JsonObject } from "./json.ts";

/** Named JSON texts for data that the contract has no member for. */
export type Extra = [string, string][];

/** One attempt. Holds no credential, no request id and no time. */
export interface Call {
  /** `chat`, `embeddings` or `count-tokens`. */
  readonly operation: string;
  /** The model name as the provider knows it. */
  readonly model: string;
  /** Whether the caller asked for a stream. */
  readonly streaming: boolean;
  readonly settings: Settings;
  readonly extra: Extra;
}

/**
 * A provider's settings. What is missing or of the wrong type is a failure of kind
 * `provider-misconfigured` that names the member.
 */
export class Settings {
  private parsed: JsonObject | undefined;

  /** @param json A JSON object as text. Empty text is an empty object. */
  constructor(private readonly json: string) {}

  /** All members. */
  all(): JsonObject {
    this.parsed ??= readObject(this.json);
    return this.parsed;
  }

  /** A text. */
  text(name: string): string {
    return required(name, "a text", this.optionalText(name));
  }

  /** A text, or undefined if it is absent or null. */
  optionalText(name: string): string | undefined {
    return this.optional(name, "a text", (value) => typeof value === "string");
  }

  /** A number. */
  number(name: string): number {
    return required(name, "a number", this.optionalNumber(name));
  }

  /** A number, or undefined if it is absent or null. */
  optionalNumber(name: string): number | undefined {
    return this.optional(name, "a number", (value) => typeof value === "number");
  }

  /** True or false; an absent flag is false. */
  flag(name: string): boolean {
    const isFlag = (value: Json): value is boolean => typeof value === "boolean";
    return this.optional(name, "true or false", isFlag) ?? false;
  }

  private optional<T extends Json>(
    name: string,
    what: string,
    fits: (value: Json) => value is T,
  ): T | undefined {
    const value = this.all()[name];
    if (value === undefined || value === null) {
      return undefined;
    }
    if (!fits(value)) {
      throw Failure.misconfigured(`settings.${name}`, `must be ${what}`);
    }
    return value;
  }
}

function readObject(json: string): JsonObject {
  let value: Json;
  try {
    value = json.trim() === "" ? {} : parseJson(json);
  } catch {
    throw Failure.misconfigured("settings", "is not JSON");
  }
  if (!isObject(value)) {
    throw Failure.misconfigured("settings", "must be an object");
  }
  return value;
}

function required<T>(name: string, what: string, value: T | undefined): T {
  if (value === undefined) {
    throw Failure.misconfigured(`settings.${name}`, `is missing; it must be ${what}`);
  }
  return value;
}
