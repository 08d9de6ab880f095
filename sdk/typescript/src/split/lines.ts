/** Lines, as in JSON lines (`application/x-ndjson`). */

import { Failure } from "../failure.ts";
import { DEFAULT_MAX_LENGTH } from "./limit.ts";
import { Utf8Splitter } from "./utf8.ts";

/**
 * Splits bytes, cut anywhere, into lines without blanks at their ends; empty lines are left out.
 * Bounded: an upstream that never ends a line fails instead of filling the memory.
 */
export class LineSplitter {
  private readonly characters = new Utf8Splitter();
  private pending = "";
  private atStart = true;

  /** @param maxLength Longest line, in UTF-16 units. */
  constructor(private readonly maxLength = DEFAULT_MAX_LENGTH) {}

  /**
   * Takes the next bytes, returns the lines that are finished.
   *
   * @throws Failure `upstream-error` for a line over the limit.
   */
  push(chunk: Uint8Array): string[] {
    const parts = this.characters.push(chunk).split("\n");
    const last = parts.pop() ?? "";
    const lines: string[] = [];
    for (const part of parts) {
      this.append(part);
      this.take(lines);
    }
    this.append(last);
    return lines;
  }

  /** What stands after the last line end; undefined if nothing does. */
  finish(): string | undefined {
    this.append(this.characters.finish());
    const lines: string[] = [];
    this.take(lines);
    return lines[0];
  }

  private append(part: string): void {
    if (this.pending.length + part.length > this.maxLength) {
      throw Failure.upstream(`the provider sent a line of over ${this.maxLength} characters`);
    }
    this.pending += part;
  }

  private take(lines: string[]): void {
    const mark = this.atStart && this.pending.startsWith("\uFEFF");
    const line = trimAscii(mark ? this.pending.slice(1) : this.pending);
    this.atStart = false;
    this.pending = "";
    if (line !== "") {
      lines.push(line);
    }
  }
}

/** Blanks of ASCII alone: others may belong to the text. */
function trimAscii(text: string): string {
  return text.replace(/^[ \t\r\n\f]+/, "").replace(/[ \t\r\n\f]+$/, "");
}
