import assert from "node:assert/strict";
import { test } from "node:test";

import { ReplyWriter, embeddings, tokenCount, usage } from "patchbay-sdk";
import { assertGolden, chat, chatStream, identity } from "patchbay-sdk/testing";

function sayEverything(reply: ReplyWriter): void {
  const thought = { type: "reasoning.text", format: "anthropic-claude-v1", index: 0 };
  reply.reasoning({ ...thought, text: "hm" });
  reply.reasoning({ ...thought, text: "", signature: "sig" });
  reply.text("a");
  reply.text("");
  reply.text("b");
  const first = reply.beginCall("c1", "f");
  assert.equal(reply.beginCall(undefined, "g"), 1);
  reply.arguments(first, '{"x":');
  reply.arguments(first, "1}");
  reply.finishReason("stop");
  reply.usage(usage(1, 2));
}

for (const call of [chat("m"), chatStream("m")]) {
  const name = call.streaming ? "stream" : "whole";
  test(`everything that can be said is written: ${name}`, () => {
    const reply = new ReplyWriter(call, identity());
    sayEverything(reply);
    const documents = [...reply.take(), ...reply.end()].map((it) => JSON.parse(it));
    assertGolden(`test/golden/reply_${name}.json`, documents);
  });
}

test("a whole reply has every member that clients read", () => {
  const reply = new ReplyWriter(chat('m"1'), identity());
  reply.text("hi");
  assert.deepEqual(reply.end(), [
    '{"id":"chatcmpl-test","object":"chat.completion","created":1700000000,"model":"m\\"1",' +
      '"choices":[{"index":0,"message":{"role":"assistant","content":"hi"},' +
      '"finish_reason":"stop","logprobs":null}]}',
  ]);
});

test("a reply with nothing in it is empty text", () => {
  const [document] = new ReplyWriter(chat("m"), identity()).end();
  assert.match(document ?? "", /"content":""/);
});

test("content is null where there are only calls", () => {
  const reply = new ReplyWriter(chat("m"), identity());
  reply.call(undefined, "f", "");
  const [document] = reply.end();
  assert.match(document ?? "", /"content":null/);
  assert.match(document ?? "", /"arguments":"{}"/);
  assert.match(document ?? "", /"finish_reason":"tool_calls"/);
});

test("choices are kept apart and come in order", () => {
  const reply = new ReplyWriter(chat("m"), identity());
  for (const index of [1, 0, 1]) {
    reply.choice(index);
    reply.text(String(index));
  }
  const { choices } = JSON.parse(reply.end()[0] ?? "") as {
    choices: { index: number; message: { content: string } }[];
  };
  assert.deepEqual(
    choices.map(({ index, message }) => [index, message.content]),
    [
      [0, "0"],
      [1, "11"],
    ],
  );
});

test("vectors are arrays of numbers", () => {
  const document = embeddings("m", [[0.5, -1]], usage(2));
  assert.equal(
    document,
    '{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.5,-1]}],"model":"m",' +
      '"usage":{"prompt_tokens":2,"completion_tokens":0,"total_tokens":2}}',
  );
  assert.throws(() => embeddings("m", ["AAAA"]), { kind: "upstream-error" });
  assert.equal(tokenCount(7), '{"object":"token_count","input_tokens":7}');
});
