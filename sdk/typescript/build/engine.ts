/** The toolchains that put a JavaScript engine around a module. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { componentize as withQuickJs } from "componentize-qjs";

import type { World } from "./build.ts";
import { BuildError } from "./error.ts";

/** `qjs`: QuickJS, small. `componentize-js`: SpiderMonkey, seven times the size. */
export type Engine = "qjs" | "componentize-js";

const WIT = fileURLToPath(new URL("../src/contract/contract.wit", import.meta.url));
const COMPONENTIZE_JS = "@bytecodealliance/componentize-js";
/** The second package is one that the first forgets to ask for. */
const INSTALL = `npm install --save-dev ${COMPONENTIZE_JS}@0.23.0 @bytecodealliance/preview2-shim@0.17.9`;

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
  try {
    return engine === "qjs"
      ? await withQjs(source, world, small)
      : await withComponentizeJs(source, world);
  } catch (error) {
    if (error instanceof BuildError || !(error instanceof Error)) {
      throw error;
    }
    // The module is run once while it is built: what it throws then ends here.
    throw new BuildError(`${engine} made no component: ${error.message}`);
  }
}

async function withQjs(source: string, world: World, small: boolean): Promise<Uint8Array> {
  const options = { witPath: WIT, world: world.name, jsSource: source };
  // The gateway has no asynchronous component model; `sync` leaves it out.
  const { component } = await withQuickJs({ ...options, sync: true, optSize: small });
  return component;
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

/** Loads it if the project has it: it is large, so the SDK does not bring it along. */
async function loadComponentizeJs(): Promise<ComponentizeJs> {
  try {
    return (await import(COMPONENTIZE_JS)) as ComponentizeJs;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") {
      throw error;
    }
    throw new BuildError(`${COMPONENTIZE_JS} is not installed, or not whole; ${INSTALL}`);
  }
}
