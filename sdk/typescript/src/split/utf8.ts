/** Characters. */

import { decodeUtf8, unfinishedBytes } from "../utf8.ts";

/**
 * Turns bytes, cut anywhere, into text, holding back a character until it is whole. Bytes that
 * are not UTF-8 become U+FFFD, exactly as if the whole was decoded at once.
 */
export class Utf8Splitter {
  /** Start of a character, at most three bytes. */
  private held: Uint8Array = new Uint8Array();

  /** Takes the next bytes, returns the text that is whole. */
  push(chunk: Uint8Array): string {
    let bytes = chunk;
    if (this.held.length > 0) {
      bytes = new Uint8Array(this.held.length + chunk.length);
      bytes.set(this.held);
      bytes.set(chunk, this.held.length);
    }
    const end = bytes.length - unfinishedBytes(bytes);
    this.held = bytes.slice(end);
    return decodeUtf8(bytes.subarray(0, end));
  }

  /** One U+FFFD if the bytes ended inside a character, else nothing. */
  finish(): string {
    const rest = decodeUtf8(this.held);
    this.held = new Uint8Array();
    return rest;
  }
}
