// Runs cases with a client and writes down what came of each: cases.py in JavaScript.
import assert from "node:assert/strict";
import { appendFileSync, readFileSync } from "node:fs";
import process from "node:process";

export const [planFile, resultsFile] = process.argv.slice(2);
export const plan = JSON.parse(readFileSync(planFile, "utf8"));

const drain = async () => (await fetch(plan.journal)).json();

// Runs `call`, or where the provider does not offer it, sees that this is said. `asks`: whether
// the vendor is to be asked; if not, no vendor may be.
export async function record(client, provider, name, call, offered = true, asks = true) {
  await drain();
  let result = offered ? "ok" : "not offered";
  let detail = "";
  try {
    await call();
  } catch (problem) {
    result = "failed";
    detail = `${problem.constructor.name}: ${problem.message}`.slice(0, 600);
  }
  const { violations, requests } = await drain();
  if (violations.length) {
    result = "failed";
    detail = [...violations.slice(0, 3), detail].join("; ");
  } else if (result === "ok" && asks && !requests[provider.vendor]) {
    result = "failed";
    detail = `the vendor was not asked: ${JSON.stringify(requests)}`;
  } else if (!asks && Object.keys(requests).length) {
    result = "failed";
    detail = `asked although not needed: ${JSON.stringify(requests)}`;
  }
  const line = { client, provider: provider.id, case: name, result, detail };
  appendFileSync(resultsFile, `${JSON.stringify(line)}\n`);
}

// Something that the provider does not offer: refused as the caller's error, or named.
export async function saysNo(call, ...members) {
  let reply;
  try {
    reply = await call();
  } catch (problem) {
    assert.ok([400, 404, 422].includes(problem.status), `${problem}`);
    const body = JSON.stringify(problem.error ?? {});
    assert.ok(!body.includes("unknown_url"), `the endpoint itself is missing: ${body}`);
    return;
  }
  const dropped = reply.headers.get("x-patchbay-dropped-params") ?? "";
  const named = members.some((member) => dropped.includes(member));
  assert.ok(named, `accepted without a word; dropped: "${dropped}"`);
}

export async function fails(kind, call) {
  let reply;
  try {
    reply = await call();
  } catch (problem) {
    assert.ok(problem instanceof kind, `${problem.constructor.name}: ${problem.message}`);
    return problem;
  }
  throw new Error(`answered: ${JSON.stringify(reply)}`);
}
