/** The build makes components out of the template. */

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { after, test } from "node:test";

import { buildPlugin, findPlugins, worldOf } from "../build/build.ts";
import { customSection } from "../build/section.ts";

const PACKAGE = fileURLToPath(new URL("..", import.meta.url));
const out = mkdtempSync(join(tmpdir(), "patchbay-sdk-test-"));
after(() => rmSync(out, { recursive: true }));

const OPTIONS = { out, engine: "qjs", small: true } as const;

test("a plugin becomes a component that imports no network and holds its manifest", async () => {
  const { file, bytes } = await buildPlugin(join(PACKAGE, "template/dialect"), OPTIONS);
  const component = readFileSync(file);
  assert.equal(component.length, bytes);
  assert.deepEqual([...component.subarray(0, 8)], [0, 97, 115, 109, 13, 0, 1, 0]);
  const text = component.toString("latin1");
  assert.ok(text.includes("patchbay:plugin/egress@0.1.0"));
  assert.ok(!text.includes("wasi:sockets") && !text.includes("wasi:http"));
  const manifest = text.slice(text.lastIndexOf("patchbay:manifest") + 17);
  const { name, sdk } = JSON.parse(manifest) as { name: string; sdk: { language: string } };
  assert.equal(name, "plugin-name-chat");
  assert.equal(sdk.language, "typescript");
});

test("every folder with a manifest is found", () => {
  const found = findPlugins(join(PACKAGE, "template"));
  assert.deepEqual(
    found,
    ["adapter", "dialect"].map((name) => join(PACKAGE, "template", name)),
  );
});

test("a manifest that a gateway would refuse is refused before anything is built", async () => {
  const folder = join(out, "wrong");
  mkdirSync(folder);
  writeFileSync(join(folder, "plugin.json"), '{"name": "A"}');
  await assert.rejects(buildPlugin(folder, OPTIONS), /plugin\.json: name "A" is not/);
});

test("the world follows from the manifest", () => {
  const both = { operations: ["chat"], endpoints: ["POST /v1/ask"] };
  for (const [manifest, name] of [
    [{ kind: "http-adapter" }, "http-provider"],
    [{ kind: "process-adapter" }, "process-provider"],
    [{ kind: "normalizer", dialect: { ...both, endpoints: [] } }, "egress-normalizer"],
    [{ kind: "normalizer", dialect: { ...both, operations: [] } }, "ingress-normalizer"],
    [{ kind: "normalizer", dialect: both }, "normalizer"],
  ] as const) {
    assert.equal(worldOf(structuredClone(manifest) as Parameters<typeof worldOf>[0]).name, name);
  }
});

test("a section says its length in LEB128", () => {
  const section = customSection("ab", new Uint8Array(300));
  assert.deepEqual([...section.subarray(0, 6)], [0, 0xaf, 0x02, 2, 97, 98]);
  assert.equal(section.length, 3 + 303);
});
