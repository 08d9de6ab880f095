/** The command `patchbay-sdk`: builds and tests plugins. */

import { parseArgs } from "node:util";

import { buildPlugin, findPlugins } from "./build.ts";
import { BuildError } from "./error.ts";
import { runTests } from "./test.ts";

const USAGE = `Usage:
  patchbay-sdk build [FOLDER…] [--out dist] [--engine qjs|componentize-js] [--small]
      Makes FOLDER/plugin.json and FOLDER/src/plugin.ts into OUT/NAME.wasm. Without a FOLDER,
      every plugin here and one folder deeper. --small: half the size, half the speed (qjs).
  patchbay-sdk test [PATH…]
      Runs *.test.ts in node, here or in PATH.`;

/** Runs the command; returns the exit code. */
export async function main(words: string[]): Promise<number> {
  try {
    return await run(words);
  } catch (error) {
    const isOptions = error instanceof TypeError && "code" in error;
    if (!(error instanceof BuildError) && !isOptions) {
      throw error;
    }
    console.error(`patchbay-sdk: ${error.message}`);
    return 1;
  }
}

async function run(words: string[]): Promise<number> {
  const [command, ...rest] = words;
  if (command === "test") {
    return runTests(rest);
  }
  if (command !== "build") {
    console.error(USAGE);
    return command === undefined || command === "--help" ? 0 : 1;
  }
  const { values, positionals } = parseArgs({
    args: rest,
    allowPositionals: true,
    options: {
      out: { type: "string", default: "dist" },
      engine: { type: "string", default: "qjs" },
      small: { type: "boolean", default: false },
    },
  });
  const { out, engine, small } = values;
  if (engine !== "qjs" && engine !== "componentize-js") {
    throw new BuildError(`there is no engine ${engine}; use qjs or componentize-js`);
  }
  for (const folder of positionals.length > 0 ? positionals : findPlugins(".")) {
    const { file, bytes, milliseconds } = await buildPlugin(folder, { out, engine, small });
    const [size, seconds] = [(bytes / 1e6).toFixed(2), (milliseconds / 1000).toFixed(1)];
    console.log(`${file}: ${size} MB, made in ${seconds} s`);
  }
  console.log("patchbay plugin check FILE says whether a gateway takes it");
  return 0;
}
