/** The dialect, in node: no gateway, no WebAssembly. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { ResponseHead, encodeUtf8 } from "patchbay-sdk";
import {
  Replay,
  assertGolden,
  assertManifest,
  callOf,
  chat,
  chatCases,
  chatStream,
  embeddingsCall,
  embeddingsCases,
  encode,
  encodedValue,
  fixture,
} from "patchbay-sdk/testing";

import dialect from "../dialect/src/plugin.ts";

test("the manifest is one that a gateway takes", () => {
  assertManifest(readFileSync("dialect/plugin.json", "utf8"));
});

const calls = [
  ...chatCases().map((it) => ({ ...it, call: chatStream("small") })),
  ...embeddingsCases().map((it) => ({ ...it, call: embeddingsCall("vectors") })),
];

for (const { name, request, call } of calls) {
  test(`the request ${name} is as it was agreed on`, () => {
    const value = encodedValue(() => encode(dialect, call, request));
    assertGolden(`test/golden/request_${name}.json`, value);
  });
}

const replies = [
  { name: "stream", file: "stream.sse", call: chatStream("small") },
  { name: "stream_ability", file: "stream_ability.sse", call: chatStream("small") },
  { name: "whole", file: "whole.json", call: chat("small") },
  { name: "vectors", file: "vectors.json", call: embeddingsCall("vectors") },
];

for (const { name, file, call } of replies) {
  const body = fixture(`test/replies/${file}`);

  test(`the reply ${name} is the same at every slicing`, () => {
    const documents = new Replay(dialect, call).atEverySlicing(body);
    assertGolden(`test/golden/reply_${name}.json`, documents);
  });

  test(`the reply ${name} is no answer when it breaks off`, () => {
    new Replay(dialect, call).atEveryTruncation(body);
  });
}

test("a trouble has its kind, whatever the status", () => {
  for (const [status, body, kind, retryAfterMs] of [
    [
      429,
      '{"trouble": {"what": "quota", "say": "Slow.", "wait_s": 2}}',
      "upstream-rate-limited",
      2000,
    ],
    [200, '{"trouble": {"what": "busy", "say": "Full."}}', "upstream-overloaded", undefined],
    [400, '{"trouble": {"what": "too_long", "say": "Cut."}}', "context-too-long", undefined],
    [500, '{"trouble": {"what": "fire"}}', "upstream-error", undefined],
    [503, "<html>", "upstream-overloaded", undefined],
  ] as const) {
    const failure = dialect.egress?.explain(
      chat("small"),
      new ResponseHead(status),
      encodeUtf8(body),
    );
    assert.equal(failure?.kind, kind, body);
    assert.equal(failure?.retryAfterMs, retryAfterMs, body);
  }
});

test("a refused key is not quoted", () => {
  const body = encodeUtf8('{"trouble": {"what": "key", "say": "nk-123 is unknown"}}');
  const failure = dialect.egress?.explain(chat("small"), new ResponseHead(401), body);
  assert.equal(failure?.kind, "upstream-auth");
  assert.ok(!failure?.message.includes("nk-123"));
});

test("a trouble inside a stream is thrown", () => {
  const stream =
    'event: begin\ndata: {}\n\nevent: trouble\ndata: {"trouble": {"what": "busy"}}\n\n';
  assert.throws(() => new Replay(dialect, chatStream("small")).decode([stream]), {
    kind: "upstream-overloaded",
    upstreamCode: "busy",
  });
});

test("what is not JSON is the provider's failure", () => {
  for (const call of [chat("small"), embeddingsCall("vectors")]) {
    const read = () => new Replay(dialect, call).decode(["<html>"]);
    assert.throws(read, { kind: "upstream-error" }, call.operation);
  }
});

test("an operation that Nimbus does not have is not found", () => {
  assert.throws(() => dialect.egress?.plan(callOf("count-tokens", "small")), { kind: "not-found" });
});
