/**
 * UTF-8, also on an engine without `TextEncoder` and `TextDecoder`: QuickJS. There a loop over
 * bytes is about a hundred times dearer than a native function, so text goes through the native
 * ones that it does have.
 */

interface TextEngine {
  readonly TextEncoder?: new () => { encode(text: string): Uint8Array };
  readonly TextDecoder?: new (
    label: string,
    options: { ignoreBOM: boolean },
  ) => { decode(bytes: Uint8Array): string };
  readonly atob?: (base64: string) => string;
  readonly btoa?: (binary: string) => string;
  readonly Uint8Array: { fromBase64?(base64: string): Uint8Array };
}

interface Base64Bytes {
  toBase64?(): string;
}

const engine = globalThis as unknown as TextEngine;
const encoder = engine.TextEncoder && new engine.TextEncoder();
const decoder = engine.TextDecoder && new engine.TextDecoder("utf-8", { ignoreBOM: true });

const REPLACEMENT = "\uFFFD";
/** Arguments of one call; engines have a limit. */
const CALL_BYTES = 8192;

/** Text as bytes. A lone surrogate becomes U+FFFD. */
export function encodeUtf8(text: string): Uint8Array {
  return encoder ? encoder.encode(text) : encodeWithoutEncoder(text);
}

/** Bytes as text. What is not UTF-8 becomes U+FFFD; a byte order mark stays. */
export function decodeUtf8(bytes: Uint8Array): string {
  return decoder ? decoder.decode(bytes) : decodeWithoutDecoder(bytes);
}

/** {@link encodeUtf8} of engines that lack `TextEncoder`. */
export function encodeWithoutEncoder(text: string): Uint8Array {
  const binary = isAscii(text) ? text : unescape(encodeURIComponent(wellFormed(text)));
  if (engine.btoa && engine.Uint8Array.fromBase64) {
    return engine.Uint8Array.fromBase64(engine.btoa(binary));
  }
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at += 1) {
    bytes[at] = binary.charCodeAt(at);
  }
  return bytes;
}

/** {@link decodeUtf8} of engines that lack `TextDecoder`. */
export function decodeWithoutDecoder(bytes: Uint8Array): string {
  const binary = binaryText(bytes);
  if (isAscii(binary)) {
    return binary;
  }
  try {
    return decodeURIComponent(escape(binary));
  } catch {
    return decodeLossy(bytes);
  }
}

/** How many bytes at the end are the start of a character: 0 to 3. */
export function unfinishedBytes(bytes: Uint8Array): number {
  const longest = Math.min(3, bytes.length);
  for (let length = 1; length <= longest; length += 1) {
    const start = bytes.length - length;
    const first = bytes[start] ?? 0;
    if (first < 0x80) {
      return 0;
    }
    if (first >= 0xc0) {
      const matched = matchedBytes(bytes, start);
      return matched === length && matched < sequenceBytes(first) ? length : 0;
    }
  }
  return 0;
}

function isAscii(text: string): boolean {
  return !/[^\0-\x7f]/.test(text);
}

function wellFormed(text: string): string {
  // With the flag u, only surrogates that lack their other half.
  return text.replace(/[\uD800-\uDFFF]/gu, REPLACEMENT);
}

/** One character of 0 to 255 for each byte. */
function binaryText(bytes: Uint8Array): string {
  const base64 = (bytes as Base64Bytes).toBase64?.();
  if (base64 !== undefined && engine.atob) {
    return engine.atob(base64);
  }
  let binary = "";
  for (let at = 0; at < bytes.length; at += CALL_BYTES) {
    binary += String.fromCharCode(...bytes.subarray(at, at + CALL_BYTES));
  }
  return binary;
}

/** Replaces each longest start of a character by one U+FFFD, as the Encoding Standard does. */
function decodeLossy(bytes: Uint8Array): string {
  let text = "";
  let at = 0;
  while (at < bytes.length) {
    const first = bytes[at] ?? 0;
    const matched = matchedBytes(bytes, at);
    const whole = matched === sequenceBytes(first);
    text += whole ? character(bytes.subarray(at, at + matched)) : REPLACEMENT;
    at += matched;
  }
  return text;
}

function character(sequence: Uint8Array): string {
  return decodeURIComponent(escape(String.fromCharCode(...sequence)));
}

/** Bytes of the sequence that a byte begins; 0 if it begins none. */
function sequenceBytes(first: number): number {
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return 2;
  if (first >= 0xe0 && first <= 0xef) return 3;
  return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

/** How many bytes from here on belong together, at least 1: Unicode 16, table 3-7. */
function matchedBytes(bytes: Uint8Array, start: number): number {
  const first = bytes[start] ?? 0;
  const length = sequenceBytes(first);
  let matched = 1;
  while (matched < length) {
    const next = bytes[start + matched] ?? 0;
    const [low, high] = matched === 1 ? secondByteRange(first) : [0x80, 0xbf];
    if (next < low || next > high) break;
    matched += 1;
  }
  return matched;
}

function secondByteRange(first: number): [number, number] {
  switch (first) {
    case 0xe0:
      return [0xa0, 0xbf];
    case 0xed:
      return [0x80, 0x9f];
    case 0xf0:
      return [0x90, 0xbf];
    case 0xf4:
      return [0x80, 0x8f];
    default:
      return [0x80, 0xbf];
  }
}
