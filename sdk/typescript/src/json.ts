/**
 * JSON whose numbers keep their digits. `JSON.parse` turns 9007199254740993 into
 * 9007199254740992 and 1.0 into 1; a caller's request has to reach the provider unchanged.
 */

/** A JSON value. */
export type Json = null | boolean | number | string | JsonNumber | Json[] | JsonObject;

/** A JSON object. A member that is undefined is not written. */
export interface JsonObject {
  [name: string]: Json | undefined;
}

interface RawJsonEngine {
  rawJSON?(text: string): unknown;
}

const native = JSON as unknown as RawJsonEngine;

/** A number that a JavaScript number cannot hold to the digit. */
export class JsonNumber {
  /** @param source The number as it was written. */
  constructor(readonly source: string) {}

  valueOf(): number {
    return Number(this.source);
  }

  toString(): string {
    return this.source;
  }

  /** For `JSON.stringify`; `writeJson` keeps the digits on every engine. */
  toJSON(): unknown {
    return native.rawJSON ? native.rawJSON(this.source) : Number(this.source);
  }
}

/**
 * Finds numbers that could lose digits: many of them, a zero at the end of a fraction, an
 * exponent. May find more, inside texts: that costs time and nothing else.
 */
const SUSPECT = /(?:^|[[:,])\s*-?(?:\d[\d.]{15}|\d+\.\d*0(?!\d)|\d+(?:\.\d+)?[eE])/;

/**
 * Reads JSON. Numbers are `number`, or {@link JsonNumber} where that would lose digits.
 *
 * @throws SyntaxError if it is not JSON.
 */
export function parseJson(text: string): Json {
  const value: Json = JSON.parse(text) as Json;
  return SUSPECT.test(text) ? new ExactReader(text).read() : value;
}

/** Writes JSON, on one line. */
export function writeJson(value: Json): string {
  return native.rawJSON ? JSON.stringify(value) : writeExactly(value);
}

/** Whether a value is a JSON object. */
export function isObject(value: Json | undefined): value is JsonObject {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof JsonNumber)
  );
}

/** {@link writeJson} of engines without `JSON.rawJSON`. */
export function writeExactly(value: Json): string {
  if (value instanceof JsonNumber) {
    return value.source;
  }
  if (Array.isArray(value)) {
    return `[${value.map(writeExactly).join(",")}]`;
  }
  if (!isObject(value)) {
    return JSON.stringify(value);
  }
  const members: string[] = [];
  for (const [name, member] of Object.entries(value)) {
    if (member !== undefined) {
      members.push(`${JSON.stringify(name)}:${writeExactly(member)}`);
    }
  }
  return `{${members.join(",")}}`;
}

/** Reads text that is known to be JSON, token by token. */
class ExactReader {
  private at = 0;

  constructor(private readonly text: string) {}

  read(): Json {
    switch (this.next()) {
      case "{":
        return this.object();
      case "[":
        return this.array();
      case '"':
        return this.string();
      default:
        return this.scalar();
    }
  }

  /** The first character of the next token. */
  private next(): string {
    while (" \t\n\r".includes(this.text.charAt(this.at))) {
      this.at += 1;
    }
    return this.text.charAt(this.at);
  }

  private object(): JsonObject {
    const object: JsonObject = {};
    this.at += 1;
    while (this.next() !== "}") {
      if (this.next() === ",") {
        this.at += 1;
        continue;
      }
      const name = this.string();
      this.next();
      this.at += 1; // The colon.
      const value = this.read();
      // An assignment to `__proto__` would make no member of it.
      const member = { value, writable: true, enumerable: true, configurable: true };
      Object.defineProperty(object, name, member);
    }
    this.at += 1;
    return object;
  }

  private array(): Json[] {
    const array: Json[] = [];
    this.at += 1;
    while (this.next() !== "]") {
      if (this.next() === ",") {
        this.at += 1;
      } else {
        array.push(this.read());
      }
    }
    this.at += 1;
    return array;
  }

  private string(): string {
    const start = (this.next(), this.at);
    let end = this.text.indexOf('"', start + 1);
    while (this.isEscaped(end)) {
      end = this.text.indexOf('"', end + 1);
    }
    this.at = end + 1;
    return JSON.parse(this.text.slice(start, this.at)) as string;
  }

  /** Whether an odd number of backslashes stands before a place. */
  private isEscaped(place: number): boolean {
    let before = place;
    while (this.text.charAt(before - 1) === "\\") {
      before -= 1;
    }
    return (place - before) % 2 === 1;
  }

  private scalar(): Json {
    const pattern = /[^\s,\]}]+/y;
    pattern.lastIndex = this.at;
    const source = pattern.exec(this.text)?.[0] ?? "";
    this.at += source.length;
    const value = JSON.parse(source) as Json;
    return typeof value === "number" && String(value) !== source ? new JsonNumber(source) : value;
  }
}
