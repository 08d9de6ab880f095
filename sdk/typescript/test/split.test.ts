import assert from "node:assert/strict";
import { test } from "node:test";

import { LineSplitter, SseSplitter, encodeUtf8 } from "patchbay-sdk";

test("a line over the limit fails", () => {
  const splitter = new LineSplitter(4);
  assert.deepEqual(splitter.push(encodeUtf8("abcd\n")), ["abcd"]);
  assert.deepEqual(splitter.push(encodeUtf8("ab")), []);
  assert.throws(() => splitter.push(encodeUtf8("cde")), { kind: "upstream-error" });
});

test("a line over 64 KiB passes and an event over the limit fails", () => {
  const long = encodeUtf8(`data: ${"x".repeat(100_000)}\n\n`);
  assert.equal(new SseSplitter().push(long)[0]?.data.length, 100_000);
  assert.throws(() => new SseSplitter(99_999).push(long), { kind: "upstream-error" });
  const many = encodeUtf8("data: xxxx\n".repeat(10));
  assert.throws(() => new SseSplitter(32).push(many), { kind: "upstream-error" });
});
