/** Server-sent events, as the WHATWG HTML standard says in section 9.2.6. */

import { Failure } from "../failure.ts";
import { DEFAULT_MAX_LENGTH } from "./limit.ts";
import { Utf8Splitter } from "./utf8.ts";

/** One event. */
export interface SseEvent {
  /** Its type, from `event:`; undefined means "message". */
  readonly event?: string;
  /** Its data: the lines of `data:`, joined by LF. */
  readonly data: string;
  /** Its own `id:`. */
  readonly id?: string;
  /** Its own `retry:`. */
  readonly retryMs?: number;
}

interface Fields {
  event?: string;
  data?: string[];
  id?: string;
  retryMs?: number;
}

/**
 * Splits bytes, cut anywhere, into events.
 *
 * Takes a byte order mark, LF, CRLF and CR as line ends, comments, data of many lines and fields
 * it does not know. An event without data is no event. Bounded: an event over the limit fails.
 */
export class SseSplitter {
  private readonly characters = new Utf8Splitter();
  private line = "";
  private fields: Fields = {};
  private length = 0;
  private atStart = true;
  /** The last character was a CR: an LF that follows belongs to it. */
  private afterReturn = false;

  /** @param maxLength Longest event, in UTF-16 units. */
  constructor(private readonly maxLength = DEFAULT_MAX_LENGTH) {}

  /**
   * Takes the next bytes, returns the events that are finished.
   *
   * @throws Failure `upstream-error` for an event over the limit.
   */
  push(chunk: Uint8Array): SseEvent[] {
    return this.read(this.characters.push(chunk));
  }

  /**
   * An event that lacks its blank line. The standard throws it away; whether it is one is for
   * the dialect to say.
   */
  finish(): SseEvent | undefined {
    const events = this.read(this.characters.finish());
    if (this.line !== "") {
      this.endLine(events);
    }
    this.endEvent(events);
    return events[0];
  }

  private read(added: string): SseEvent[] {
    let text = added;
    if (this.afterReturn && text !== "") {
      text = text.startsWith("\n") ? text.slice(1) : text;
      this.afterReturn = false;
    }
    if (this.atStart && text !== "") {
      text = text.startsWith("\uFEFF") ? text.slice(1) : text;
      this.atStart = false;
    }
    this.afterReturn ||= text.endsWith("\r");
    const parts = text.includes("\r") ? text.split(/\r\n|\r|\n/) : text.split("\n");
    const last = parts.pop() ?? "";
    const events: SseEvent[] = [];
    for (const part of parts) {
      this.append(part);
      this.endLine(events);
    }
    this.append(last);
    return events;
  }

  private append(part: string): void {
    this.length += part.length;
    if (this.length > this.maxLength) {
      throw Failure.upstream(`the provider sent an event of over ${this.maxLength} characters`);
    }
    this.line += part;
  }

  private endLine(events: SseEvent[]): void {
    const line = this.line;
    this.line = "";
    if (line === "") {
      this.endEvent(events);
      return;
    }
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + (line.charAt(colon + 1) === " " ? 2 : 1));
    this.field(name, value);
  }

  private field(name: string, value: string): void {
    if (name === "data") {
      (this.fields.data ??= []).push(value);
    } else if (name === "event") {
      // An empty type is none.
      delete this.fields.event;
      if (value !== "") this.fields.event = value;
    } else if (name === "id" && !value.includes("\0")) {
      this.fields.id = value;
    } else if (name === "retry" && /^\d+$/.test(value)) {
      this.fields.retryMs = Number(value);
    }
  }

  private endEvent(events: SseEvent[]): void {
    const { data, ...fields } = this.fields;
    this.fields = {};
    this.length = 0;
    if (data !== undefined) {
      events.push({ ...fields, data: data.join("\n") });
    }
  }
}
