/** Runs tests in node. */

import { spawn } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

import { BuildError } from "./error.ts";

const SKIPPED = ["node_modules", "dist", "template"];

/** Runs every `*.test.ts` under the paths, or here; returns node's exit code. */
export async function runTests(paths: string[]): Promise<number> {
  const files = (paths.length > 0 ? paths : ["."]).flatMap(testFiles);
  if (files.length === 0) {
    throw new BuildError("there is no *.test.ts; write one beside the plugin");
  }
  const node = ["--import", import.meta.resolve("tsx"), "--test", ...files];
  const child = spawn(process.execPath, node, { stdio: "inherit" });
  return new Promise((done, fail) => {
    child.once("error", fail);
    child.once("exit", (code) => done(code ?? 1));
  });
}

function testFiles(path: string): string[] {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    return [path];
  }
  const entries = readdirSync(path, { withFileTypes: true });
  return entries.flatMap((entry) => {
    const inner = join(path, entry.name);
    if (entry.isDirectory()) {
      return SKIPPED.includes(entry.name) ? [] : testFiles(inner);
    }
    return entry.name.endsWith(".test.ts") ? [inner] : [];
  });
}
