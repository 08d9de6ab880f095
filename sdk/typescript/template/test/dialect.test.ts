/** The dialect, in node: no gateway, no WebAssembly. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import {
  Replay,
  assertGolden,
  assertManifest,
  chat,
  chatCases,
  chatStream,
  encode,
  encodedValue,
} from "patchbay-sdk/testing";

import dialect from "../dialect/src/plugin.ts";

const REPLY = '{"text": "déjà"}\n{"text": " vu"}\n{"done": true}\n';

test("the manifest is one that a gateway takes", () => {
  assertManifest(readFileSync("dialect/plugin.json", "utf8"));
});

for (const { name, request } of chatCases()) {
  test(`the request ${name} is as it was agreed on`, () => {
    const value = encodedValue(() => encode(dialect, chat("small"), request));
    assertGolden(`test/golden/${name}.json`, value);
  });
}

test("every slicing of a stream gives the same documents", () => {
  const documents = new Replay(dialect, chatStream("small")).atEverySlicing(REPLY);
  assertGolden("test/golden/reply_stream.json", documents);
});

test("a reply that is not streamed is one document", () => {
  const documents = new Replay(dialect, chat("small")).atEverySlicing(REPLY);
  assertGolden("test/golden/reply_whole.json", documents);
});

test("a reply that breaks off is no answer", () => {
  new Replay(dialect, chatStream("small")).atEveryTruncation(REPLY);
});

test("what is not JSON is the provider's failure", () => {
  assert.throws(() => new Replay(dialect, chat("small")).decode(["<html>\n"]), {
    kind: "upstream-error",
  });
});
