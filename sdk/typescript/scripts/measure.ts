/**
 * What a dialect's code costs inside QuickJS: `tsx scripts/measure.ts FOLDER OUT` writes a
 * component that times the dialect's functions and logs the medians when it is probed.
 * `measure.py` runs it.
 */

import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

import { componentize } from "../build/engine.ts";

const [folder = ".", out = "measure.wasm"] = process.argv.slice(2);
const GUEST = fileURLToPath(new URL("../src/guest.ts", import.meta.url));
const UTF8 = fileURLToPath(new URL("../src/utf8.ts", import.meta.url));

const contents = `
  import { log } from "patchbay:plugin/host@0.1.0";
  import plugin from ${JSON.stringify(resolve(folder, "src/plugin.ts"))};
  import { exportEgress } from ${JSON.stringify(GUEST)};
  import { encodeUtf8 } from ${JSON.stringify(UTF8)};

  const egress = exportEgress(plugin, Number);
  const call = { operation: "chat", model: "m", streaming: true, settings: "{}", extra: [] };
  const head = { status: 200, headers: [], extra: [] };
  const identity = { id: "chatcmpl-1", created: 1700000000, extra: [] };
  const event = encodeUtf8(${JSON.stringify('event: words\ndata: {"say": "A few words, as a provider sends them."}\n\n')});

  function request(bytes) {
    const content = "Grüße, and some words. ".repeat(bytes / 24);
    return encodeUtf8(JSON.stringify({ model: "m", messages: [{ role: "user", content }] }));
  }

  function time(name, run, rounds, calls) {
    const spent = [];
    for (let round = 0; round < rounds; round += 1) {
      const started = performance.now();
      for (let done = 0; done < calls; done += 1) run();
      spent.push(((performance.now() - started) * 1000) / calls);
    }
    log("info", name + " " + spent.sort((a, b) => a - b)[rounds >> 1].toFixed(1) + " µs");
  }

  export const httpAdapter = {
    probe() {
      const small = request(1024);
      const large = request(65536);
      const decoder = new egress.Decoder(call, identity, head);
      time("plan", () => egress.plan(call), 21, 50);
      time("encode 1 KiB", () => egress.encode(call, small), 21, 50);
      time("encode 64 KiB", () => egress.encode(call, large), 21, 5);
      time("push an event", () => decoder.push(event), 21, 50);
      return { head: { method: "GET", pathAndQuery: "/", headers: [], extra: [] }, extra: [] };
    },
    prepare: (_call, head) => ({ head, extra: [] }),
    listModels: () => undefined,
    readModels: () => [],
  };`;

const bundled = await build({
  stdin: { contents, resolveDir: resolve(folder), loader: "js" },
  bundle: true,
  write: false,
  format: "esm",
  platform: "neutral",
  external: ["patchbay:*"],
  target: "es2022",
});
const world = { name: "http-provider", exports: ["http-adapter" as const] };
const [{ text: source } = { text: "" }] = bundled.outputFiles;
const options = { engine: "qjs", small: process.argv.includes("--small") } as const;
writeFileSync(out, await componentize(source, world, options));
