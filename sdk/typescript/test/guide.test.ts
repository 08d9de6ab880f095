import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

test("the adapter in the plugin guide is the template's", () => {
  const read = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");
  const [, block = ""] = read("../../../md-docs/plugin-guide.md").split("```ts\n");
  const adapter = read("../template/adapter/src/plugin.ts");
  assert.equal(block.split("```")[0], adapter);
  assert.ok(adapter.split("\n").length <= 20, "the first adapter has grown");
});
