import assert from "node:assert/strict";
import { test } from "node:test";

import {
  RequestHead,
  ResponseHead,
  Settings,
  defineHttpAdapter,
  type Call,
  type JsonObject,
} from "patchbay-sdk";
import { chat } from "patchbay-sdk/testing";

test("the defaults are those of an OpenAI-like server", () => {
  const plain = defineHttpAdapter();
  const head = RequestHead.post("/chat/completions").withHeader("x", "1");
  assert.deepEqual(plain.prepare(chat("m"), head), { head, credential: "api_key" });
  const listing = plain.listModels(new Settings("{}"));
  assert.deepEqual(listing, plain.probe(new Settings("{}")));
  assert.equal(`${listing?.head.method} ${listing?.head.pathAndQuery}`, "GET /models");
});

test("an adapter's own probe lists its models", () => {
  const adapter = defineHttpAdapter({ probe: () => ({ head: RequestHead.get("/about") }) });
  const listing = adapter.listModels(new Settings(""));
  assert.equal(listing?.head.pathAndQuery, "/about");
  assert.equal(listing?.credential, undefined);
});

test("a setting that does not fit is named", () => {
  const read: [JsonObject, (call: Call) => unknown, string][] = [
    [{}, ({ settings }) => settings.text("team"), "settings.team"],
    [{ team: null }, ({ settings }) => settings.text("team"), "settings.team"],
    [{ team: 7 }, ({ settings }) => settings.optionalText("team"), "settings.team"],
    [{ depth: "x" }, ({ settings }) => settings.number("depth"), "settings.depth"],
    [{ fast: 1 }, ({ settings }) => settings.flag("fast"), "settings.fast"],
  ];
  for (const [settings, run, param] of read) {
    const call = chat("m", settings);
    assert.throws(() => run(call), { kind: "provider-misconfigured", param });
  }
  for (const json of ["[", "[]", "7"]) {
    const settings = new Settings(json);
    assert.throws(() => settings.all(), { kind: "provider-misconfigured", param: "settings" });
  }
  assert.deepEqual(new Settings("").all(), {});
});

test("header names are found whatever their case", () => {
  const head = new ResponseHead(200).withHeader("Retry-After", "3");
  assert.equal(head.header("retry-after"), "3");
  assert.equal(head.header("retry"), undefined);
});

test("paths and queries are joined", () => {
  const head = RequestHead.get("/models").withQuery("a", "1").withQuery("b", "2");
  assert.equal(head.withPathPrefix("/v2").pathAndQuery, "/v2/models?a=1&b=2");
});
