// The official JavaScript client of OpenAI with every provider, through the gateway.
//
// Usage: client_openai.mjs PLAN RESULTS
import assert from "node:assert/strict";
import OpenAI from "openai";
import { fails, plan, record, saysNo } from "./cases.mjs";

const CLIENT = "openai, JavaScript";
const { says, tokens } = plan;
const client = new OpenAI({
  baseURL: `${plan.gateway}/v1`,
  apiKey: plan.key,
  maxRetries: 0,
  timeout: 20_000,
});
const chat = client.chat.completions;
const imageURL = `data:image/png;base64,${plan.image}`;
const tools = Object.entries(plan.tools).map(([name, parameters]) => ({
  type: "function",
  function: { name, description: name, parameters },
}));
const imageParts = [
  { type: "text", text: "describe the image" },
  { type: "image_url", image_url: { url: imageURL } },
];

function casesOf(provider) {
  const { model } = provider;
  const ask = (content, more = {}) => ({
    model,
    messages: [{ role: "user", content }],
    ...more,
  });
  const create = async (content, more) => (await chat.create(ask(content, more))).choices[0];

  function checkUsage(usage) {
    assert.equal(usage.completion_tokens, tokens.output);
    assert.equal(usage.prompt_tokens, tokens.input);
    assert.equal(usage.total_tokens, tokens.input + tokens.output);
    if (provider.cached) assert.equal(usage.prompt_tokens_details.cached_tokens, tokens.cached);
  }

  async function collect(request) {
    const chunks = [];
    for await (const chunk of await chat.create({ ...request, stream: true })) chunks.push(chunk);
    return chunks;
  }

  async function stream(options) {
    const chunks = await collect(ask("say hello", options));
    assert.equal(joined(chunks).content, says.hello);
    assert.equal(new Set(chunks.map((c) => `${c.id} ${c.created} ${c.model}`)).size, 1);
    const reasons = chunks.flatMap((c) => c.choices.map((choice) => choice.finish_reason));
    assert.deepEqual(reasons.filter(Boolean), ["stop"]);
    const usages = chunks.filter((c) => c.usage);
    if (options) {
      assert.deepEqual(usages, [chunks.at(-1)]);
      assert.deepEqual(chunks.at(-1).choices, []);
      checkUsage(chunks.at(-1).usage);
    } else {
      assert.deepEqual(usages, []);
    }
  }

  async function firstRound(request, streams) {
    if (streams) return joined(await collect(request));
    const [choice] = (await chat.create(request)).choices;
    assert.equal(choice.finish_reason, "tool_calls");
    return choice.message;
  }

  async function rounds(text, streams, more = {}) {
    const question = ask(text, { tools, ...more });
    const message = await firstRound(question, streams);
    const calls = message.tool_calls;
    const said = calls.map((c) => [c.function.name, JSON.parse(c.function.arguments)]);
    assert.deepEqual(said, text.includes("two") ? plan.calls : plan.calls.slice(0, 1));
    const results = calls.map((c) => ({
      role: "tool",
      tool_call_id: c.id,
      content: plan.results[c.function.name],
    }));
    const messages = [...question.messages, message, ...results];
    const answer = streams
      ? joined(await collect({ ...question, messages }))
      : (await chat.create({ ...question, messages })).choices[0].message;
    assert.equal(answer.content, text.includes("two") ? says.found_both : says.found);
    return message;
  }

  async function reasoningTools(streams) {
    const message = await rounds("two tools", streams, { reasoning_effort: "low" });
    assert.equal(message.reasoning_content, says.thought);
  }

  async function responsesRounds(streams) {
    const options = {
      model,
      store: false,
      tools: Object.entries(plan.tools).map(([name, parameters]) => ({
        type: "function",
        name,
        description: name,
        parameters,
        strict: false,
      })),
    };
    if (provider.thinking) {
      options.reasoning = { effort: "low", summary: "auto" };
      options.include = ["reasoning.encrypted_content"];
    }
    const question = [{ role: "user", content: "two tools" }];
    const first = streams
      ? await client.responses.stream({ ...options, input: question }).finalResponse()
      : await client.responses.create({ ...options, input: question });
    const calls = first.output.filter((item) => item.type === "function_call");
    assert.deepEqual(calls.map((c) => [c.name, JSON.parse(c.arguments)]), plan.calls);
    const results = calls.map((c) => ({
      type: "function_call_output",
      call_id: c.call_id,
      output: plan.results[c.name],
    }));
    const history = first.output.map(({ parsed_arguments: _, ...item }) => item);
    const input = [...question, ...history, ...results];
    const second = await client.responses.create({ ...options, input });
    assert.equal(second.output_text, says.found_both);
  }

  const failing = (text) => ({ ...ask(text), model: provider.faulty_model });

  return {
    async text() {
      const reply = await chat.create(ask("say hello"));
      assert.equal(reply.object, "chat.completion");
      assert.equal(reply.choices[0].message.content, says.hello);
      assert.equal(reply.choices[0].finish_reason, "stop");
      checkUsage(reply.usage);
    },
    stream: () => stream(),
    streamUsage: () => stream({ stream_options: { include_usage: true } }),
    async parameters() {
      const more = { temperature: 0.2, top_p: 0.9, max_tokens: 300, stop: ["END"], seed: 7 };
      assert.equal((await create("say hello", more)).message.content, says.hello);
    },
    async length() {
      const choice = await create("run out", { max_completion_tokens: 2000 });
      assert.equal(choice.finish_reason, "length");
      assert.equal(choice.message.content, says.lengthy);
    },
    async refusal() {
      const choice = await create("refuse");
      assert.ok(choice.finish_reason === "content_filter" || choice.message.refusal);
    },
    async noRefusal() {
      assert.equal((await create("refuse")).message.content, says.refused);
    },
    async image() {
      assert.equal((await create(imageParts)).message.content, says.image);
    },
    noImage: () => saysNo(() => chat.create(ask(imageParts)).asResponse(), "image", "messages"),
    oneTool: () => rounds("call the weather tool", false, { tool_choice: "auto" }),
    twoTools: () => rounds("two tools", false),
    twoToolsStream: () => rounds("two tools", true),
    noTools: () =>
      saysNo(() => chat.create(ask("call the weather tool", { tools })).asResponse(), "tools"),
    async reasoning() {
      const question = ask("think about it", { reasoning_effort: "low" });
      const { message } = (await chat.create(question)).choices[0];
      assert.equal(message.content, says.thoughtful);
      assert.equal(message.reasoning_content, says.thought);
      const messages = [...question.messages, message, { role: "user", content: "go on" }];
      const [again] = (await chat.create({ ...question, messages })).choices;
      assert.equal(again.message.content, says.went_on);
    },
    reasoningTools: () => reasoningTools(false),
    reasoningToolsStream: () => reasoningTools(true),
    async noReasoning() {
      const choice = await create("think about it", { reasoning_effort: "low" });
      assert.equal(choice.message.content, says.thoughtful);
    },
    async responses() {
      const reply = await client.responses.create({ model, input: "say hello", store: false });
      assert.equal(reply.output_text, says.hello);
      assert.equal(reply.status, "completed");
      assert.equal(reply.usage.output_tokens, tokens.output);
    },
    async responsesStream() {
      const events = [];
      const request = { model, input: "say hello", store: false, stream: true };
      for await (const event of await client.responses.create(request)) events.push(event);
      const deltas = events.filter((e) => e.type === "response.output_text.delta");
      assert.equal(deltas.map((e) => e.delta).join(""), says.hello);
      assert.deepEqual(events.map((e) => e.sequence_number), [...events.keys()]);
      assert.equal(events.at(-1).type, "response.completed");
    },
    async responsesImage() {
      const content = [
        { type: "input_text", text: "describe the image" },
        { type: "input_image", image_url: imageURL, detail: "auto" },
      ];
      const request = { model, store: false, input: [{ role: "user", content }] };
      assert.equal((await client.responses.create(request)).output_text, says.image);
    },
    responsesTools: () => responsesRounds(false),
    responsesToolsStream: () => responsesRounds(true),
    async completions() {
      const reply = await client.completions.create({ model, prompt: "say hello" });
      assert.equal(reply.choices[0].text, says.hello);
    },
    async completionsStream() {
      let text = "";
      const request = { model, prompt: "say hello", stream: true };
      for await (const chunk of await client.completions.create(request)) {
        text += chunk.choices[0]?.text ?? "";
      }
      assert.equal(text, says.hello);
    },
    async embeddings() {
      const input = Object.keys(plan.vectors);
      for (const options of [{}, { encoding_format: "float" }]) {
        const request = { model: provider.embedding_model, input, ...options };
        const { data } = await client.embeddings.create(request);
        assert.deepEqual(data.map((item) => item.index), [...input.keys()]);
        assert.deepEqual(data.map((item) => item.embedding), Object.values(plan.vectors));
      }
      const [[text, vector]] = Object.entries(plan.vectors);
      const request = { model: provider.embedding_model, input: text, encoding_format: "base64" };
      const { data } = await client.embeddings.create(request);
      const bytes = Buffer.from(data[0].embedding, "base64");
      assert.deepEqual(vector.map((_, at) => bytes.readFloatLE(at * 4)), vector);
    },
    noEmbeddings: () =>
      saysNo(() => client.embeddings.create({ model, input: "text" }).asResponse()),
    async tooLong() {
      const call = () => chat.create(failing("be too long"));
      const problem = await fails(OpenAI.BadRequestError, call);
      assert.equal(problem.code, "context_length_exceeded");
    },
    breakOff: () => fails(OpenAI.APIError, () => chat.create(failing("break off"))),
    breakOffStream: () => fails(OpenAI.APIError, () => collect(failing("break off"))),
    overloaded: () =>
      fails(OpenAI.InternalServerError, () => chat.create(failing("be overloaded"))),
    async rateLimited() {
      const call = () => chat.create(failing("be rate limited"));
      const problem = await fails(OpenAI.RateLimitError, call);
      const wait = Number(problem.headers.get("retry-after"));
      assert.ok(wait >= 1 && wait <= plan.retry_after, `retry-after: ${wait}`);
    },
  };
}

// The message that a stream's deltas make, unknown members included.
function joined(chunks) {
  const message = { role: "assistant", content: null };
  const calls = [];
  const details = [];
  for (const { delta } of chunks.flatMap((chunk) => chunk.choices)) {
    for (const name of ["content", "reasoning_content", "refusal"]) {
      if (delta[name]) message[name] = (message[name] ?? "") + delta[name];
    }
    for (const piece of delta.tool_calls ?? []) {
      const blank = { type: "function", function: { name: "", arguments: "" } };
      const call = (calls[piece.index] ??= blank);
      if (piece.id) call.id = piece.id;
      call.function.name += piece.function?.name ?? "";
      call.function.arguments += piece.function?.arguments ?? "";
    }
    for (const piece of delta.reasoning_details ?? []) {
      const detail = (details[piece.index ?? 0] ??= {});
      for (const [name, value] of Object.entries(piece)) {
        const joins = ["text", "summary", "data"].includes(name) && detail[name];
        detail[name] = joins ? detail[name] + value : value;
      }
    }
  }
  if (calls.length) message.tool_calls = calls.filter(Boolean);
  if (details.length) message.reasoning_details = details.filter(Boolean);
  return message;
}

for (const provider of plan.providers) {
  const cases = casesOf(provider);
  const each = (name, call) => record(CLIENT, provider, name, call);
  const either = (name, offers, call, otherwise) =>
    record(CLIENT, provider, name, offers ? call : otherwise, Boolean(offers));
  const { tools: hasTools, thinking, images } = provider;
  await each("chat", cases.text);
  await each("chat, streamed", cases.stream);
  await each("chat, streamed, usage", cases.streamUsage);
  await each("chat, parameters", cases.parameters);
  await each("chat, length", cases.length);
  await either("chat, refusal", provider.refusal, cases.refusal, cases.noRefusal);
  await either("chat, image", images, cases.image, cases.noImage);
  await either("chat, one tool", hasTools, cases.oneTool, cases.noTools);
  await either("chat, two tools", hasTools, cases.twoTools, cases.noTools);
  await either("chat, two tools, streamed", hasTools, cases.twoToolsStream, cases.noTools);
  await either("chat, reasoning", thinking, cases.reasoning, cases.noReasoning);
  await either("chat, reasoning, tools", thinking, cases.reasoningTools, cases.noReasoning);
  await either(
    "chat, reasoning, tools, streamed",
    thinking,
    cases.reasoningToolsStream,
    cases.noReasoning,
  );
  await each("responses", cases.responses);
  await each("responses, streamed", cases.responsesStream);
  await either("responses, image", images, cases.responsesImage, cases.noImage);
  await either("responses, tools", hasTools, cases.responsesTools, cases.noTools);
  await either("responses, tools, streamed", hasTools, cases.responsesToolsStream, cases.noTools);
  await each("completions", cases.completions);
  await each("completions, streamed", cases.completionsStream);
  await either("embeddings", provider.embedding_model, cases.embeddings, cases.noEmbeddings);
  await each("too long", cases.tooLong);
  await each("breaks off", cases.breakOff);
  await each("breaks off, streamed", cases.breakOffStream);
  await each("overloaded", cases.overloaded);
  await each("rate limited", cases.rateLimited);
}
