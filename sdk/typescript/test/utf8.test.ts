/** The codec of engines without `TextDecoder` is the same as node's. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { decodeWithoutDecoder, encodeWithoutEncoder } from "../src/utf8.ts";

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

test("text becomes the same bytes", () => {
  for (const text of [
    "",
    "plain",
    "é€日😀",
    "\uFEFFmark",
    "lone \uD800 and \uDC00",
    "a".repeat(9000),
  ]) {
    assert.deepEqual(encodeWithoutEncoder(text), new TextEncoder().encode(text));
  }
});

test("bytes become the same text", () => {
  const edges = [0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf];
  const leads = [0xe0, 0xe1, 0xed, 0xef, 0xf0, 0xf1, 0xf4, 0xf5, 0xff];
  const all = [...edges, ...leads];
  for (const a of all) {
    for (const b of all) {
      for (const c of all) {
        const bytes = Uint8Array.of(a, b, c, 0x80, 0x41);
        assert.equal(decodeWithoutDecoder(bytes), decoder.decode(bytes), `${a} ${b} ${c}`);
      }
    }
  }
});
