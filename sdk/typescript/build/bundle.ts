/** One module out of a plugin, its libraries and what carries it across the border. */

import { fileURLToPath } from "node:url";
import { dirname } from "node:path";

import { build, type BuildFailure } from "esbuild";

import type { World } from "./build.ts";
import type { Engine } from "./engine.ts";
import { BuildError } from "./error.ts";

const GUEST = fileURLToPath(new URL("../src/guest.ts", import.meta.url));

/** Exported name and exporting function of each interface. */
const INTERFACES = {
  egress: ["egress", "exportEgress"],
  ingress: ["ingress", "exportIngress"],
  "http-adapter": ["httpAdapter", "exportHttpAdapter"],
  "process-adapter": ["processAdapter", "exportProcessAdapter"],
} as const;

/** The module's source. The contract's interfaces stay imports. */
export async function bundle(entry: string, world: World, engine: Engine): Promise<string> {
  try {
    const result = await build({
      stdin: { contents: wrapper(entry, world, engine), resolveDir: dirname(entry), loader: "ts" },
      bundle: true,
      write: false,
      format: "esm",
      platform: "neutral",
      mainFields: ["module", "main"],
      conditions: ["import"],
      target: "es2022",
      external: ["patchbay:*"],
      charset: "utf8",
      logLevel: "warning",
    });
    return result.outputFiles[0]?.text ?? "";
  } catch (error) {
    const { errors } = error as BuildFailure;
    if (!Array.isArray(errors)) {
      throw error;
    }
    throw new BuildError(`${entry} cannot be bundled; mend what is listed above`);
  }
}

function wrapper(entry: string, world: World, engine: Engine): string {
  // QuickJS takes a number for a u64, ComponentizeJS a bigint.
  const u64 = engine === "qjs" ? "Number" : "BigInt";
  const names = world.exports.map((name) => INTERFACES[name]);
  return [
    `import { log } from "patchbay:plugin/host@0.1.0";`,
    `import plugin from ${JSON.stringify(entry)};`,
    `import * as guest from ${JSON.stringify(GUEST)};`,
    `guest.setSink(log);`,
    ...names.map(([name, make]) => `export const ${name} = guest.${make}(plugin, ${u64});`),
  ].join("\n");
}
