/**
 * Writes what this package copies from the repository: the contract's types and text, and the
 * canonical requests that all test kits share. `--check` compares instead, and fails if a file
 * is not what would be written.
 */

import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

import { generateGuestTypes } from "@bytecodealliance/jco-transpile";
import { _setPreopens } from "@bytecodealliance/preview2-shim/filesystem";

const PACKAGE = fileURLToPath(new URL("..", import.meta.url));
const REPOSITORY = join(PACKAGE, "../..");
const WIT = join(REPOSITORY, "wit");
const CASES = join(REPOSITORY, "sdk/rust/src/testing/cases");
const WORLDS = ["normalizer", "http-provider", "process-provider"];

/** Every file, by its path in the package. */
export async function generate(): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  files.set("src/contract/contract.wit", contract());
  for (const [name, text] of await types()) {
    files.set(`src/contract/${name}`, text);
  }
  files.set("src/testing/cases.json", cases());
  return files;
}

/** The files that are not as they would be written. */
export async function stale(): Promise<string[]> {
  const files = [...(await generate())];
  return files.filter(([path, text]) => read(join(PACKAGE, path)) !== text).map(([path]) => path);
}

/** One file of the contract's, the one that names the package first. */
function contract(): string {
  const names = readdirSync(WIT).filter((name) => name.endsWith(".wit"));
  const texts = names.sort().map((name) => readFileSync(join(WIT, name), "utf8"));
  const [head, ...rest] = texts.sort((a, b) => Number(isHead(b)) - Number(isHead(a)));
  return [head, ...rest].join("\n");
}

function isHead(text: string): boolean {
  return /^package /m.test(text);
}

async function types(): Promise<Map<string, string>> {
  // The package's types are those for browsers; in node a preopen is a path.
  _setPreopens({ "/": "/" } as unknown as Parameters<typeof _setPreopens>[0]);
  const found = new Map<string, string>();
  for (const worldName of WORLDS) {
    const files = await generateGuestTypes(WIT, { worldName });
    for (const [path, bytes] of Object.entries(files)) {
      if (path.startsWith("interfaces/")) {
        const name = basename(path).replace("patchbay-plugin-", "");
        const text = Buffer.from(bytes)
          .toString("utf8")
          .replace(/patchbay-plugin-/g, "");
        found.set(name, text.replace(/[ \t]+$/gm, ""));
      }
    }
  }
  return found;
}

function cases(): string {
  const names = readdirSync(CASES).filter((name) => name.endsWith(".json"));
  const entries = names.sort().map((name) => {
    const text = readFileSync(join(CASES, name), "utf8");
    return `  ${JSON.stringify(basename(name, ".json"))}: ${compact(text)}`;
  });
  return `{\n${entries.join(",\n")}\n}\n`;
}

/** JSON without its line ends, which stand between tokens alone; numbers keep their digits. */
function compact(json: string): string {
  return json.trim().replace(/\s*\n\s*/g, "");
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

async function main(): Promise<void> {
  if (process.argv.includes("--check")) {
    const wrong = await stale();
    if (wrong.length > 0) {
      console.error(`${wrong.join(", ")}: not as generated; npm run generate writes it anew`);
      process.exitCode = 1;
    }
    return;
  }
  for (const [path, text] of await generate()) {
    writeFileSync(join(PACKAGE, path), text);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main();
}
