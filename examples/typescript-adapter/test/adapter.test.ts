/** The adapter, in node: no gateway, no WebAssembly. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { RequestHead, ResponseHead, Settings, encodeUtf8 } from "patchbay-sdk";
import { assertManifest, chat } from "patchbay-sdk/testing";

import adapter from "../adapter/src/plugin.ts";

test("the manifest is one that a gateway takes", () => {
  assertManifest(readFileSync("adapter/plugin.json", "utf8"));
});

test("region, version and credential slot are added", () => {
  const call = chat("small", { region: "north" });
  const { head, credential } = adapter.prepare(call, RequestHead.post("/converse"));
  assert.equal(head.pathAndQuery, "/v2/converse");
  assert.deepEqual(head.headers, [{ name: "x-nimbus-region", value: "north" }]);
  assert.equal(credential, "api_key");
});

test("without a region the operator is told", () => {
  assert.throws(() => adapter.prepare(chat("small"), RequestHead.post("/converse")), {
    kind: "provider-misconfigured",
    param: "settings.region",
  });
});

test("engines are the models", () => {
  const listing = adapter.listModels(new Settings('{"region": "south"}'));
  assert.equal(listing?.head.pathAndQuery, "/v2/engines");
  const body = encodeUtf8('{"engines": [{"name": "small"}, {"name": "large"}, {}]}');
  assert.deepEqual(adapter.readModels(new ResponseHead(200), body), ["small", "large"]);
});

test("what is no list of engines is the provider's failure", () => {
  for (const [status, body, kind] of [
    [200, "{}", "upstream-error"],
    [200, "<html>", "upstream-error"],
    [401, "", "upstream-auth"],
  ] as const) {
    const read = () => adapter.readModels(new ResponseHead(status), encodeUtf8(body));
    assert.throws(read, { kind }, body);
  }
});
