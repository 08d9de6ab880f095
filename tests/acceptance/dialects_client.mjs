// The official JavaScript clients ask a real model in another dialect than it is reached by:
// dialects_client.py in JavaScript.
//
// Usage: dialects_client.mjs GATEWAY_URL CALLER_KEY LLAMA_URL LLAMA_KEY
import assert from "node:assert/strict";
import process from "node:process";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";

const SYSTEM = "You are a terse assistant.";
const QUESTION = "What is the capital of France? Grüße 😀";
const LIMIT = 24;

async function messages(client, model) {
  const asked = {
    model,
    max_tokens: LIMIT,
    temperature: 0,
    system: SYSTEM,
    messages: [{ role: "user", content: QUESTION }],
  };
  const reply = await client.messages.create(asked);
  const text = reply.content.map((block) => block.text).join("");
  const final = await client.messages.stream(asked).finalMessage();
  assert.ok(text);
  assert.equal(final.content.map((block) => block.text).join(""), text);
  assert.equal(final.stop_reason, reply.stop_reason);
  const { usage } = reply;
  return {
    text,
    stop: reply.stop_reason,
    output: usage.output_tokens,
    streamed: final.usage.output_tokens,
    input: usage.input_tokens + (usage.cache_read_input_tokens ?? 0),
  };
}

async function chat(client, model) {
  const asked = {
    model,
    max_tokens: LIMIT,
    temperature: 0,
    messages: [
      { role: "system", content: SYSTEM },
      { role: "user", content: QUESTION },
    ],
  };
  const reply = await client.chat.completions.create(asked);
  const [choice] = reply.choices;
  const chunks = [];
  const options = { ...asked, stream: true, stream_options: { include_usage: true } };
  for await (const chunk of await client.chat.completions.create(options)) chunks.push(chunk);
  const choices = chunks.flatMap((chunk) => chunk.choices);
  assert.ok(choice.message.content);
  assert.equal(choices.map((c) => c.delta.content ?? "").join(""), choice.message.content);
  assert.equal(choices.at(-1).finish_reason, choice.finish_reason);
  return {
    text: choice.message.content,
    stop: choice.finish_reason,
    output: reply.usage.completion_tokens,
    streamed: chunks.at(-1).usage.completion_tokens,
    input: reply.usage.prompt_tokens,
  };
}

function compare(what, direct, through) {
  assert.deepEqual(through, direct, `${what}: through the gateway and directly`);
  const { text, input, output } = through;
  console.log(`  JavaScript, ${what}: ${JSON.stringify(text)}, ${input} + ${output} tokens`);
}

const [gateway, callerKey, llama, llamaKey] = process.argv.slice(2);
const limits = { maxRetries: 0, timeout: 120_000 };
const anthropic = (baseURL, apiKey) => new Anthropic({ baseURL, apiKey, ...limits });
const openai = (url, apiKey) => new OpenAI({ baseURL: `${url}/v1`, apiKey, ...limits });
compare(
  "messages by chat completions",
  await messages(anthropic(llama, llamaKey), "smollm2"),
  await messages(anthropic(gateway, callerKey), "llama-chat/smollm2"),
);
compare(
  "chat completions by messages",
  await chat(openai(llama, llamaKey), "smollm2"),
  await chat(openai(gateway, callerKey), "llama-messages/smollm2"),
);
