/** What is copied from the repository is as it is there. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { FAILURE_KINDS } from "patchbay-sdk";

import { stale } from "../scripts/generate.ts";

test("the contract's types and the shared cases are as generated", async () => {
  assert.deepEqual(await stale(), [], "npm run generate writes them anew");
});

test("every failure kind is documented in the contract", () => {
  const contract = readFileSync(new URL("../src/contract/contract.wit", import.meta.url), "utf8");
  for (const kind of FAILURE_KINDS) {
    assert.ok(contract.includes(`"${kind}"`), kind);
  }
});
