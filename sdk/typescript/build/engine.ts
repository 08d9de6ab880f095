/** The toolchains that put a JavaScript engine around a module. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { createRequire } from "node:module";

import { componentize as withQuickJs } from "componentize-qjs";

import type { World } from "./build.ts";
import { BuildError } from "./error.ts";

/** `qjs`: QuickJS, small. `componentize-js`: SpiderMonkey, seven times the size. */
export type Engine = "qjs" | "componentize-js";

const WIT = fileURLToPath(new URL("../src/contract/contract.wit", import.meta.url));
const COMPONENTIZE_JS = "@bytecodealliance/componentize-js";
const COMPONENTIZE_JS_VERSION = "0.23.0";

interface ComponentizeJs {
  componentize(options: {
    sourcePath: string;
    witPath: string;
    worldName: string;
    disableFeatures: string[];
  }): Promise<{ component: Uint8Array }>;
}

/** A component without manifest. */
export async function componentize(
  source: string,
  world: World,
  { engine, small }: { engine: Engine; small: boolean },
): Promise<Uint8Array> {
  if (engine === "qjs") {
    const options = { witPath: WIT, world: world.name, jsSource: source };
    // The gateway has no asynchronous component model; `sync` leaves it out.
    const { component } = await withQuickJs({ ...options, sync: true, optSize: small });
    return component;
  }
  return withComponentizeJs(source, world);
}

async function withComponentizeJs(source: string, world: World): Promise<Uint8Array> {
  const { componentize } = await loadComponentizeJs();
  const folder = mkdtempSync(join(tmpdir(), "patchbay-sdk-"));
  try {
    const sourcePath = join(folder, "plugin.js");
    writeFileSync(sourcePath, source);
    const { component } = await componentize({
      sourcePath,
      witPath: WIT,
      worldName: world.name,
      // None of them reaches anything in a gateway.
      disableFeatures: ["http", "fetch-event", "random", "clocks", "stdio"],
    });
    return component;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Loads it from the plugin's project: it is large, so the SDK does not depend on it. */
async function loadComponentizeJs(): Promise<ComponentizeJs> {
  const project = createRequire(join(process.cwd(), "package.json"));
  let path: string;
  try {
    path = project.resolve(COMPONENTIZE_JS);
  } catch {
    const install = `npm install --save-dev ${COMPONENTIZE_JS}@${COMPONENTIZE_JS_VERSION}`;
    throw new BuildError(`${COMPONENTIZE_JS} is not installed; ${install}`);
  }
  return (await import(pathToFileURL(path).href)) as ComponentizeJs;
}
