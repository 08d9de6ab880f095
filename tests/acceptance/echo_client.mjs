// The official JavaScript client chats with the model `echo`, streamed and not.
//
// Usage: echo_client.mjs BASE_URL KEY
import assert from "node:assert/strict";
import process from "node:process";
import OpenAI from "openai";

const TEXT = "hello, Grüße 😀\nsecond line";
const [baseURL, apiKey] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const messages = [{ role: "user", content: TEXT }];

const whole = await client.chat.completions.create({ model: "echo", messages });
assert.equal(whole.choices[0].message.content, TEXT);
assert.equal(whole.choices[0].finish_reason, "stop");

let content = "";
const reasons = [];
const stream = await client.chat.completions.create({ model: "echo", messages, stream: true });
for await (const chunk of stream) {
  content += chunk.choices[0]?.delta.content ?? "";
  if (chunk.choices[0]?.finish_reason) reasons.push(chunk.choices[0].finish_reason);
}
assert.equal(content, TEXT);
assert.deepEqual(reasons, ["stop"]);

const models = [];
for await (const model of client.models.list()) models.push(model.id);
assert.ok(models.includes("echo"));

await assert.rejects(
  client.chat.completions.create({ model: "nobody", messages }),
  (error) => error instanceof OpenAI.NotFoundError && error.code === "model_not_found",
);
const stranger = new OpenAI({ baseURL, apiKey: "pb-stranger", maxRetries: 0 });
await assert.rejects(stranger.models.list(), OpenAI.AuthenticationError);
console.log("JavaScript client: chat, stream, models and errors are right");
