// The official JavaScript client asks a model and prints what it got, as comparable JSON.
//
// Usage: model_client.mjs CHAT_BASE_URL EMBEDDINGS_BASE_URL KEY
//
// What differs from one request to the next (ids, times, timings) is left out.
import assert from "node:assert/strict";
import process from "node:process";
import OpenAI from "openai";

const VOLATILE = new Set(["id", "created", "timings"]);
// `cache_prompt` is llama.cpp's own member: without the prompt cache the count of cached tokens
// does not depend on what was asked before.
const QUESTION = {
  model: "smollm2",
  messages: [
    { role: "system", content: "You are a terse assistant." },
    { role: "user", content: "Name three colours of the rainbow. Grüße 😀" },
  ],
  temperature: 0,
  seed: 7,
  max_tokens: 48,
  cache_prompt: false,
};
const INPUTS = ["a red apple", "Grüße 😀", "the third text is a little longer than the others"];

const steady = (value) =>
  JSON.parse(JSON.stringify(value, (name, member) => (VOLATILE.has(name) ? undefined : member)));

async function chat(client) {
  const reply = await client.chat.completions.create(QUESTION);
  assert.ok(reply.choices[0].message.content);
  assert.ok(reply.usage.completion_tokens > 0);
  return steady(reply);
}

async function stream(client, options = {}) {
  const chunks = [];
  const reply = await client.chat.completions.create({ ...QUESTION, stream: true, ...options });
  for await (const chunk of reply) chunks.push(chunk);
  const asked = "stream_options" in options;
  assert.equal(chunks.filter((chunk) => chunk.usage).length, asked ? 1 : 0);
  if (asked) assert.deepEqual(chunks.at(-1).choices, []);
  return chunks.map(steady);
}

async function embeddings(client) {
  const results = [];
  for (const options of [{}, { encoding_format: "float" }, { encoding_format: "base64" }]) {
    const request = { model: "smollm2-embeddings", input: INPUTS, ...options };
    const reply = await client.embeddings.create(request);
    assert.deepEqual(reply.data.map((item) => item.index), [0, 1, 2]);
    results.push(steady(reply));
  }
  return results;
}

const [chatURL, embeddingsURL, apiKey] = process.argv.slice(2);
const client = new OpenAI({ baseURL: chatURL, apiKey, maxRetries: 0 });
const embedder = new OpenAI({ baseURL: embeddingsURL, apiKey, maxRetries: 0 });
const report = {
  chat: await chat(client),
  stream: await stream(client),
  stream_with_usage: await stream(client, { stream_options: { include_usage: true } }),
  embeddings: await embeddings(embedder),
};
console.log(JSON.stringify(report, null, 1));
