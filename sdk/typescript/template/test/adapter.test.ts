/** The adapter, in node: no gateway, no WebAssembly. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { RequestHead } from "patchbay-sdk";
import { assertManifest, chat } from "patchbay-sdk/testing";

import adapter from "../adapter/src/plugin.ts";

test("the manifest is one that a gateway takes", () => {
  assertManifest(readFileSync("adapter/plugin.json", "utf8"));
});

test("path, team and credential slot are added", () => {
  const call = chat("small", { team: "blue" });
  const { head, credential } = adapter.prepare(call, RequestHead.post("/generate"));
  assert.equal(head.pathAndQuery, "/v1/generate");
  assert.deepEqual(head.headers, [{ name: "x-team", value: "blue" }]);
  assert.equal(credential, "api_key");
});

test("a team that is no text is the operator's affair", () => {
  const call = chat("small", { team: 7 });
  assert.throws(() => adapter.prepare(call, RequestHead.post("/")), {
    kind: "provider-misconfigured",
    param: "settings.team",
  });
});
