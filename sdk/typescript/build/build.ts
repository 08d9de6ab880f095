/** Makes one component out of a plugin's folder. */

import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { manifestProblems } from "../src/testing/manifest.ts";
import { isObject, parseJson, writeJson, type JsonObject } from "../src/json.ts";
import { encodeUtf8 } from "../src/utf8.ts";
import { bundle } from "./bundle.ts";
import { componentize, type Engine } from "./engine.ts";
import { BuildError } from "./error.ts";
import { customSection } from "./section.ts";

/** Name of the custom section where the gateway looks for the manifest. */
const MANIFEST_SECTION = "patchbay:manifest";
const SDK = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  name: string;
  version: string;
};

/** How to build. */
export interface BuildOptions {
  /** Folder for the component. */
  readonly out: string;
  readonly engine: Engine;
  /** Whether size matters more than speed. */
  readonly small: boolean;
}

/** What was built. */
export interface Built {
  readonly file: string;
  readonly bytes: number;
  readonly milliseconds: number;
}

/** What the contract calls the world, and the interfaces that the plugin exports in it. */
export interface World {
  readonly name: string;
  readonly exports: ("egress" | "ingress" | "http-adapter" | "process-adapter")[];
}

/** The folders with a plugin: this one, or those in it. */
export function findPlugins(folder: string): string[] {
  if (existsSync(join(folder, "plugin.json"))) {
    return [folder];
  }
  const entries = readdirSync(folder, { withFileTypes: true });
  const folders = entries.filter((it) => it.isDirectory() && it.name !== "node_modules");
  const found = folders.map((it) => join(folder, it.name));
  const plugins = found.filter((it) => existsSync(join(it, "plugin.json"))).sort();
  if (plugins.length === 0) {
    throw new BuildError("there is no plugin.json here; name the plugin's folder");
  }
  return plugins;
}

/** Builds `folder/plugin.json` and `folder/src/plugin.ts`. */
export async function buildPlugin(folder: string, options: BuildOptions): Promise<Built> {
  const started = performance.now();
  const manifest = readManifest(join(folder, "plugin.json"));
  const entry = resolve(folder, "src/plugin.ts");
  if (!existsSync(entry)) {
    throw new BuildError(`${entry} is not there; it exports the plugin as its default`);
  }
  const world = worldOf(manifest);
  const source = await bundle(entry, world, options.engine);
  const component = await componentize(source, world, options);
  const section = customSection(MANIFEST_SECTION, encodeUtf8(writeJson(manifest)));
  const file = join(options.out, `${String(manifest["name"])}.wasm`);
  mkdirSync(options.out, { recursive: true });
  writeFileSync(file, Buffer.concat([component, section]));
  const bytes = component.length + section.length;
  return { file, bytes, milliseconds: performance.now() - started };
}

/** The manifest, with what built it. */
function readManifest(path: string): JsonObject {
  if (!existsSync(path)) {
    throw new BuildError(`${path} is not there; the plugin guide says what stands in it`);
  }
  const text = readFileSync(path, "utf8");
  const problems = manifestProblems(text);
  if (problems.length > 0) {
    throw new BuildError(`${path}: ${problems.join("; ")}`);
  }
  const sdk = { name: SDK.name, version: SDK.version, language: "typescript" };
  return { sdk, ...(parseJson(text) as JsonObject) };
}

/** The world that a manifest speaks of. */
export function worldOf(manifest: JsonObject): World {
  const { kind, dialect } = manifest;
  if (kind === "http-adapter") {
    return { name: "http-provider", exports: ["http-adapter"] };
  }
  if (kind === "process-adapter") {
    return { name: "process-provider", exports: ["process-adapter"] };
  }
  const has = (name: string): boolean => {
    const list = isObject(dialect) ? dialect[name] : undefined;
    return Array.isArray(list) && list.length > 0;
  };
  if (!has("endpoints")) {
    return { name: "egress-normalizer", exports: ["egress"] };
  }
  if (!has("operations")) {
    return { name: "ingress-normalizer", exports: ["ingress"] };
  }
  return { name: "normalizer", exports: ["egress", "ingress"] };
}
