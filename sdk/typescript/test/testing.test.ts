/** The test kit finds what it is there to find. */

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  ReplyWriter,
  RequestHead,
  decodeUtf8,
  defineNormalizer,
  encodeUtf8,
  readChat,
  readEmbeddings,
  rewritten,
  writeJson,
  type JsonObject,
} from "patchbay-sdk";
import {
  Replay,
  chat,
  chatCases,
  chatStream,
  embeddingsCases,
  everyCut,
  manifestProblems,
} from "patchbay-sdk/testing";

import { firstDifference } from "../src/testing/golden.ts";

/** Sends what it reads as text, and believes every end. */
const naive = defineNormalizer({
  plan: () => rewritten(RequestHead.post("/")),
  decoder(call, identity) {
    const reply = new ReplyWriter(call, identity);
    return {
      push(chunk) {
        reply.text(decodeUtf8(chunk));
        return reply.take();
      },
      finish: () => reply.end(),
    };
  },
});

test("a decoder that minds the slicing is caught", () => {
  const replay = new Replay(naive, chatStream("m"));
  assert.throws(() => replay.atEverySlicing("ab"), /cut into/);
  assert.throws(
    () => new Replay(naive, chatStream("m")).joiningText().atEverySlicing("é"),
    /cut into/,
  );
});

test("joined texts are one whatever the slicing", () => {
  const documents = new Replay(naive, chatStream("m")).joiningText().atEverySlicing("abc");
  const texts = documents.map((it) => (it["choices"] as JsonObject[])[0]?.["delta"]);
  assert.deepEqual(texts, [{ role: "assistant", content: "" }, { content: "abc" }, {}]);
});

test("a decoder that believes every end is caught", () => {
  const replay = new Replay(naive, chatStream("m"));
  assert.throws(() => replay.atEveryTruncation("ab"), /taken for an answer/);
});

test("a document before the end of a whole reply is caught", () => {
  const early = defineNormalizer({
    plan: () => rewritten(RequestHead.post("/")),
    decoder: () => ({ push: () => ["{}"], finish: () => [] }),
  });
  assert.throws(() => new Replay(early, chat("m")).decode(["a"]), /not streamed/);
});

test("slicings are all there are, and the same every time", () => {
  let seen = 0;
  everyCut(encodeUtf8("abc"), (pieces) => {
    assert.equal(Buffer.concat(pieces).toString(), "abc");
    seen += 1;
  });
  assert.equal(seen, 1 + 1 + 4 + 6);
  const bytes = Uint8Array.from({ length: 10_000 }, (_, at) => at % 251);
  const slicings: number[][] = [[], []];
  for (const list of slicings) {
    everyCut(bytes, (pieces) => {
      assert.deepEqual(Buffer.concat(pieces), Buffer.from(bytes));
      list.push(pieces.length);
    });
  }
  assert.equal(slicings[0]?.length, 2 + 64);
  assert.deepEqual(slicings[0], slicings[1]);
});

test("every case is a canonical request", () => {
  for (const { request } of chatCases()) {
    readChat(encodeUtf8(writeJson({ ...request, model: "m" })));
  }
  for (const { request } of embeddingsCases()) {
    readEmbeddings(encodeUtf8(writeJson({ ...request, model: "m" })));
  }
  assert.equal(chatCases().length + embeddingsCases().length, 30);
});

test("a member of the wrong type is named", () => {
  for (const [json, param] of [
    ['{"model":1,"messages":[]}', "model"],
    ['{"model":"m"}', "messages"],
    ['{"model":"m","messages":[{"role":1}]}', "messages[0].role"],
    ['{"model":"m","messages":[{"role":"user","content":[{}]}]}', "messages[0].content[0].type"],
    [
      '{"model":"m","messages":[],"tools":[{"type":"function","function":{}}]}',
      "tools[0].function.name",
    ],
  ] as const) {
    assert.throws(() => readChat(encodeUtf8(json)), { kind: "invalid-request", param });
  }
});

test("the first difference is named", () => {
  const expected = { a: [1, { b: 2 }], c: 3 };
  assert.equal(firstDifference("", expected, { a: [1, { b: 2 }], c: 3 }), undefined);
  for (const [actual, difference] of [
    [{ a: [1, { b: 5 }], c: 3 }, "/a/1/b: expected 2, found 5"],
    [{ a: [1], c: 3 }, '/a/1: expected {"b":2}, found nothing'],
    [{ a: [1, { b: 2 }], c: 3, d: 4 }, "/d: expected nothing, found 4"],
  ] as const) {
    assert.equal(firstDifference("", expected, actual as unknown as JsonObject), difference);
  }
});

const VECTOR = { kind: "prepare", expect: { path: "/" } };
const MANIFEST: JsonObject = {
  name: "example",
  version: "1.0.0",
  kind: "http-adapter",
  contract: "0.1",
  description: "An example",
  adapter: { default_dialect: "openai-chat" },
  credentials: [{ slot: "api_key", uses: ["bearer"], hint: "A key" }],
  settings: { type: "object" },
};

test("a good manifest has no problem, and each member that is wrong is named", () => {
  assert.deepEqual(manifestProblems(writeJson(MANIFEST)), []);
  const twice = { slot: "k", uses: ["basic"] };
  for (const [member, value, named] of [
    ["name", "Big Name", "name"],
    ["version", "1 beta", "version"],
    ["kind", "adapter", "kind"],
    ["kind", "normalizer", "the member dialect"],
    ["contract", "9", "contract"],
    ["settings", [], "settings"],
    ["credentials", [{ slot: "k", uses: ["cookie"] }], "uses"],
    ["credentials", [{ slot: "k", uses: ["env:KEY"] }], "uses"],
    ["credentials", [twice, twice], "twice"],
    ["adapter", { default_dialect: "A B" }, 'dialect "A B"'],
    ["limits", { call_ms: 0 }, "limits"],
    ["self_test", [1], "self_test[0] is no object"],
    ["self_test", [{}], 'self_test[0] kind "" is none of prepare'],
    ["self_test", [{ ...VECTOR, kind: "plan" }], 'kind "plan" is none of prepare'],
    ["self_test", [{ ...VECTOR, expect: {} }], "(prepare) expects nothing"],
    ["self_test", [{ ...VECTOR, expect: { pth: "/" } }], '(prepare) answers no "pth"'],
    ["self_test", [{ ...VECTOR, hedaers: {} }], '(prepare) has no argument "hedaers"'],
    ["self_test", Array.from({ length: 65 }, () => VECTOR), "more than 64 vectors"],
    ["colour", "red", "colour"],
  ] as [string, JsonObject | string, string][]) {
    const found = manifestProblems(writeJson({ ...MANIFEST, [member]: value }));
    assert.ok(
      found.some((problem) => problem.includes(named)),
      `${member}: ${found.join("; ")}`,
    );
  }
});

test("a client API alone is a dialect too", () => {
  const { adapter: _adapter, credentials: _credentials, ...rest } = MANIFEST;
  for (const [operations, endpoints, isGood] of [
    [[], ["POST /v1/messages", "POST /v1/messages/count_tokens"], true],
    [["chat", "count-tokens"], [], true],
    [[], [], false],
    [["chat"], ["GET /v1/messages"], false],
    [["chat"], ["POST /v1//x"], false],
  ] as [string[], string[], boolean][]) {
    const dialect = { name: "d", operations, endpoints };
    const found = manifestProblems(writeJson({ ...rest, kind: "normalizer", dialect }));
    assert.equal(found.length === 0, isGood, found.join("; "));
  }
});
