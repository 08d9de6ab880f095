// The official JavaScript client of Anthropic with every provider, through the gateway.
//
// Usage: client_anthropic.mjs PLAN RESULTS
import assert from "node:assert/strict";
import Anthropic from "@anthropic-ai/sdk";
import { fails, plan, record, saysNo } from "./cases.mjs";

const CLIENT = "anthropic, JavaScript";
const { says, tokens } = plan;
const client = new Anthropic({
  baseURL: plan.gateway,
  apiKey: plan.key,
  maxRetries: 0,
  timeout: 20_000,
});
const tools = Object.entries(plan.tools).map(([name, input_schema]) => ({
  name,
  description: name,
  input_schema,
}));
const source = { type: "base64", media_type: "image/png", data: plan.image };
const imageContent = [
  { type: "image", source },
  { type: "text", text: "describe the image" },
];
const textsOf = (message) => message.content.filter((b) => b.type === "text").map((b) => b.text);

function casesOf(provider) {
  const ask = (content, more = {}) => ({
    model: provider.model,
    max_tokens: 4096,
    messages: [{ role: "user", content }],
    ...more,
  });

  async function whole(streams, request, options) {
    if (!streams) return client.messages.create(request, options);
    const stream = client.messages.stream(request, options);
    let text = "";
    stream.on("text", (delta) => (text += delta));
    const message = await stream.finalMessage();
    assert.equal(text, textsOf(message).join(""));
    return message;
  }

  async function text(streams) {
    const message = await whole(streams, ask("say hello", { system: "Answer briefly." }));
    assert.deepEqual(textsOf(message), [says.hello]);
    assert.equal(message.stop_reason, "end_turn");
    assert.equal(message.usage.output_tokens, tokens.output);
    const read = message.usage.cache_read_input_tokens ?? 0;
    assert.equal(message.usage.input_tokens + read, tokens.input);
  }

  async function rounds(streams, more = {}) {
    const question = ask("two tools", { tools, ...more });
    const first = await whole(streams, question);
    assert.equal(first.stop_reason, "tool_use");
    const uses = first.content.filter((b) => b.type === "tool_use");
    assert.deepEqual(uses.map((u) => [u.name, u.input]), plan.calls);
    const content = uses.map((u) => ({
      type: "tool_result",
      tool_use_id: u.id,
      content: plan.results[u.name],
    }));
    const messages = [
      ...question.messages,
      { role: "assistant", content: first.content },
      { role: "user", content },
    ];
    const second = await whole(streams, { ...question, messages });
    assert.deepEqual(textsOf(second), [says.found_both]);
    return first;
  }

  async function thinking(streams) {
    const first = await rounds(streams, { thinking: { type: "enabled", budget_tokens: 1024 } });
    const thoughts = first.content.filter((b) => b.type === "thinking").map((b) => b.thinking);
    assert.equal(thoughts.join(""), says.thought);
  }

  // Who counted, and what came of it.
  async function counted() {
    const { max_tokens: _, ...request } = ask("say hello", { tools });
    const { data, response } = await client.messages.countTokens(request).withResponse();
    return [response.headers.get("x-patchbay-token-count"), data.input_tokens];
  }

  const failing = (text) => ({ ...ask(text), model: provider.faulty_model });

  return {
    text: () => text(false),
    stream: () => text(true),
    async length() {
      const message = await client.messages.create(ask("run out"));
      assert.equal(message.stop_reason, "max_tokens");
      assert.deepEqual(textsOf(message), [says.lengthy]);
    },
    async refusal() {
      const message = await client.messages.create(ask("refuse"));
      assert.ok(message.stop_reason === "refusal" || textsOf(message).includes(says.refused));
    },
    async image() {
      assert.deepEqual(textsOf(await client.messages.create(ask(imageContent))), [says.image]);
    },
    noImage: () =>
      saysNo(() => client.messages.create(ask(imageContent)).asResponse(), "image", "messages"),
    tools: () => rounds(false),
    toolsStream: () => rounds(true),
    noTools: () =>
      saysNo(
        () => client.messages.create(ask("call the weather tool", { tools })).asResponse(),
        "tools",
      ),
    thinking: () => thinking(false),
    thinkingStream: () => thinking(true),
    async noThinking() {
      const more = { thinking: { type: "enabled", budget_tokens: 1024 } };
      const message = await client.messages.create(ask("think about it", more));
      assert.deepEqual(textsOf(message), [says.thoughtful]);
    },
    async count() {
      assert.deepEqual(await counted(), ["provider", tokens.input]);
    },
    async estimate() {
      const [source, estimated] = await counted();
      assert.equal(source, "estimate");
      assert.ok(estimated > 0, `${estimated}`);
    },
    // A beta that the gateway does not know. JavaScript cannot write 1.0 or integers above
    // 2^53, which the member has to keep: the body is text, sent by the client's raw method.
    async untouched() {
      const { header, member } = plan.beta;
      const text = JSON.stringify(ask("say hello"));
      const body = `${text.slice(0, -1)},"${member}":{"big":12345678901234567890,"decimal":1.0}}`;
      const headers = { "anthropic-beta": header, "content-type": "application/json" };
      const encoded = new TextEncoder().encode(body);
      const message = await client.post("/v1/messages", { body: encoded, headers });
      assert.deepEqual(textsOf(message), [says.hello]);
    },
    tooLong: () => fails(Anthropic.BadRequestError, () => whole(false, failing("be too long"))),
    breakOff: () => fails(Anthropic.APIError, () => whole(false, failing("break off"))),
    breakOffStream: () => fails(Anthropic.APIError, () => whole(true, failing("break off"))),
    async overloaded() {
      const problem = await fails(Anthropic.APIError, () => whole(false, failing("be overloaded")));
      assert.ok([503, 529].includes(problem.status), `${problem}`);
    },
    async rateLimited() {
      const call = () => whole(false, failing("be rate limited"));
      const problem = await fails(Anthropic.RateLimitError, call);
      assert.equal(problem.error.error.type, "rate_limit_error");
      const wait = Number(problem.headers.get("retry-after"));
      assert.ok(wait >= 1 && wait <= plan.retry_after, `retry-after: ${wait}`);
    },
  };
}

for (const provider of plan.providers) {
  const cases = casesOf(provider);
  const each = (name, call, offered, asks) => record(CLIENT, provider, name, call, offered, asks);
  const either = (name, offers, call, otherwise) =>
    record(CLIENT, provider, name, offers ? call : otherwise, offers);
  const { tools: hasTools, thinking } = provider;
  await each("messages", cases.text);
  await each("messages, streamed", cases.stream);
  await each("messages, length", cases.length);
  await each("messages, refusal", cases.refusal, provider.refusal);
  await either("messages, image", provider.images, cases.image, cases.noImage);
  await either("messages, tools", hasTools, cases.tools, cases.noTools);
  await either("messages, tools, streamed", hasTools, cases.toolsStream, cases.noTools);
  await either("messages, thinking, tools", thinking, cases.thinking, cases.noThinking);
  await either(
    "messages, thinking, tools, streamed",
    thinking,
    cases.thinkingStream,
    cases.noThinking,
  );
  // Where the vendor does not count, the gateway estimates and says so.
  const counts = provider.count_tokens;
  await each("count tokens", counts ? cases.count : cases.estimate, true, counts);
  if (provider.id === "anthropic") await each("messages, untouched", cases.untouched);
  await each("too long", cases.tooLong);
  await each("breaks off", cases.breakOff);
  await each("breaks off, streamed", cases.breakOffStream);
  await each("overloaded", cases.overloaded);
  await each("rate limited", cases.rateLimited);
}
