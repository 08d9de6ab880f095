/** What crosses the border is what the contract says. */

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  Failure,
  RequestHead,
  ResponseHead,
  decodeUtf8,
  defineHttpAdapter,
  defineIngress,
  defineNormalizer,
  defineProcessAdapter,
  encodeUtf8,
  jsonReply,
  log,
  rewritten,
} from "patchbay-sdk";
import { logged } from "patchbay-sdk/testing";

import {
  exportEgress,
  exportHttpAdapter,
  exportIngress,
  exportProcessAdapter,
} from "../src/guest.ts";

const CALL = { operation: "chat", model: "m", streaming: false, settings: "{}", extra: [] };
const HEAD = { status: 200, headers: [], extra: [] };
const IDENTITY = { id: "chatcmpl-1", created: 1_700_000_000n, extra: [] };

const echo = defineNormalizer({
  plan: () => ({ ...rewritten(RequestHead.post("/x")), maxInputs: 8 }),
  encode: () => ({ body: "é", dropped: ["n"] }),
  decoder(_call, { created }) {
    let whole = String(created);
    return {
      push(chunk) {
        whole += decodeUtf8(chunk);
        return [];
      },
      finish(ending) {
        if (ending === "broken") throw Failure.truncated("no end");
        return [whole];
      },
    };
  },
});

/** What a function throws. */
function thrown(run: () => unknown): unknown {
  try {
    run();
  } catch (value) {
    return value;
  }
  return assert.fail("nothing was thrown");
}

test("everything known of a failure crosses", () => {
  const details = { param: "n", retryAfterMs: 1.5, upstreamCode: "bad_n" };
  const adapter = defineHttpAdapter({
    prepare() {
      throw new Failure("invalid-request", "n has to be 1", details);
    },
  });
  const wire = exportHttpAdapter(adapter, BigInt);
  assert.deepEqual(
    thrown(() => wire.prepare(CALL, RequestHead.get("/"))),
    {
      kind: "invalid-request",
      message: "n has to be 1",
      param: "n",
      retryAfterMs: 2n,
      upstreamCode: "bad_n",
      extra: [],
    },
  );
});

test("an error that is no failure leaves a line that quotes no data, and is thrown on", () => {
  const secret = "secret prompt";
  const adapter = defineHttpAdapter({
    prepare() {
      throw new RangeError(secret);
    },
  });
  logged();
  const error = thrown(() =>
    exportHttpAdapter(adapter, BigInt).prepare(CALL, RequestHead.get("/")),
  );
  assert.ok(error instanceof RangeError);
  const [[level, message] = []] = logged();
  assert.equal(level, "error");
  assert.match(message ?? "", /RangeError.*guest\.test\.ts/);
  assert.ok(!message?.includes(secret));
});

test("what is named for signing crosses as extra", () => {
  const adapter = defineHttpAdapter({
    prepare: (_call, head) => ({ head, awsSigning: { region: "eu-1", service: "bedrock" } }),
  });
  const { extra, credential } = exportHttpAdapter(adapter, BigInt).prepare(
    CALL,
    RequestHead.get("/"),
  );
  assert.deepEqual(extra, [
    ["aws-region", '"eu-1"'],
    ["aws-service", '"bedrock"'],
  ]);
  assert.equal(credential, undefined);
});

test("a program has every member of the contract", () => {
  const program = { program: "/bin/echo", environment: { A: "1" }, timeoutMs: 5 };
  const adapter = defineProcessAdapter({ prepare: () => program, probe: () => program });
  assert.deepEqual(exportProcessAdapter(adapter, BigInt).prepare(CALL), {
    program: "/bin/echo",
    arguments: [],
    environment: [["A", "1"]],
    bodyOnStdin: false,
    timeoutMs: 5n,
    extra: [],
  });
});

test("a decoder ends once", () => {
  const wire = exportEgress(echo, BigInt);
  assert.deepEqual(wire.plan(CALL).extra, [["max-inputs", "8"]]);
  assert.deepEqual(decodeUtf8(wire.encode(CALL, new Uint8Array()).body), "é");
  const decoder = new wire.Decoder(CALL, IDENTITY, HEAD);
  assert.deepEqual(decoder.push(encodeUtf8("é")), []);
  assert.deepEqual(decoder.finish(true).map(decodeUtf8), ["1700000000é"]);
  for (const again of [() => decoder.finish(true), () => decoder.push(new Uint8Array())]) {
    assert.equal((thrown(again) as Failure).kind, "upstream-error");
  }
});

test("a broken end reaches the decoder", () => {
  const wire = exportEgress(echo, BigInt);
  const decoder = new wire.Decoder(CALL, IDENTITY, HEAD);
  assert.equal((thrown(() => decoder.finish(false)) as Failure).kind, "stream-truncated");
});

test("a failure while a decoder starts is said by its first call", () => {
  const broken = defineNormalizer({
    plan: () => rewritten(RequestHead.post("/")),
    decoder() {
      throw Failure.upstream("wrong content type");
    },
  });
  const wire = exportEgress(broken, BigInt);
  const decoder = new wire.Decoder(CALL, IDENTITY, HEAD);
  assert.equal((thrown(() => decoder.push(new Uint8Array())) as Failure).kind, "upstream-error");
});

test("a client API gets the host's words for a failure", () => {
  const api = defineIngress({
    decode: (_head, body) => ({
      operation: "chat",
      model: "m",
      streaming: false,
      canonical: body,
      extra: [["k", "1"]],
    }),
    fail: (status, failure) => jsonReply(status, { ...failure }),
    encoder: (extra) => ({
      head: () => new ResponseHead(200),
      push: (documents) => documents.join("|"),
      finish: (failure) => failure?.errorType ?? String(extra[0]?.[1]),
    }),
  });
  const wire = exportIngress(api, BigInt);
  const failure = {
    kind: "rate-limited",
    message: "slow down",
    retryAfterMs: 5n,
    extra: [
      ["error-type", '"rate_limit_error"'] as [string, string],
      ["error-code", "null"] as [string, string],
    ],
  };
  const { body } = wire.fail(429, failure);
  assert.equal(
    decodeUtf8(body),
    '{"kind":"rate-limited","message":"slow down","retryAfterMs":5,"errorType":"rate_limit_error"}',
  );
  const encoder = new wire.Encoder([["k", "1"]], false);
  assert.equal(decodeUtf8(encoder.push([encodeUtf8("a"), encodeUtf8("b")])), "a|b");
  assert.equal(decodeUtf8(encoder.finish(undefined)), "1");
  assert.equal((thrown(() => encoder.finish(undefined)) as Failure).kind, "upstream-error");
  const failing = new wire.Encoder([], false);
  assert.equal(decodeUtf8(failing.finish(failure)), "rate_limit_error");
});

test("lines beyond the host's limit are dropped", () => {
  logged();
  for (let number = 0; number < 100; number += 1) {
    log.info(String(number));
  }
  assert.equal(logged().length, 64);
});
