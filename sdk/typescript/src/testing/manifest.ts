/** A plugin's `plugin.json`, checked before a gateway sees it. */

import { isObject, type Json, type JsonObject } from "../json.ts";
import { vectorProblems } from "./vectors.ts";

/** The version of the contract that this SDK binds. */
const CONTRACT = "0.1";
const KINDS = ["normalizer", "http-adapter", "process-adapter"];
const OPERATIONS = ["chat", "embeddings", "count-tokens"];
const PLAIN_USES = [
  "bearer",
  "basic",
  "aws-sigv4",
  "gcp-service-account",
  "oauth2-client-credentials",
];
const MEMBERS = [
  "name",
  "version",
  "kind",
  "contract",
  "description",
  "dialect",
  "adapter",
  "credentials",
  "settings",
  "limits",
  "sdk",
  "self_test",
];
const NAME_RULE = 'is not 1 to 64 lower-case letters, digits and "-"';

/**
 * Checks a manifest's shape: `assertManifest(readFileSync("plugin.json", "utf8"))`.
 *
 * @throws Error With everything that a gateway would refuse it for, and with a description that
 * is missing.
 */
export function assertManifest(json: string): void {
  const found = manifestProblems(json);
  if (found.length > 0) {
    throw new Error(`plugin.json: ${found.join("; ")}`);
  }
}

/** What is wrong with a manifest; nothing if it is good. */
export function manifestProblems(json: string): string[] {
  let value: Json;
  try {
    value = JSON.parse(json) as Json;
  } catch (error) {
    return [error instanceof Error ? error.message : "it is not JSON"];
  }
  if (!isObject(value)) {
    return ["it is not an object"];
  }
  const found: string[] = [];
  unknown(found, "", value, MEMBERS);
  checkHead(found, value);
  checkKind(found, value);
  checkCredentials(found, value);
  checkDetails(found, value);
  return found;
}

function checkHead(found: string[], manifest: JsonObject): void {
  const { name, version, contract, description, settings } = manifest;
  rule(found, isName(name), `name ${show(name)} ${NAME_RULE}`);
  const isVersion = typeof version === "string" && /^[!-~]{1,64}$/.test(version);
  rule(found, isVersion, `version ${show(version)} is not like 1.2.3`);
  rule(found, contract === CONTRACT, `contract ${show(contract)} is not "${CONTRACT}"`);
  const isTold = typeof description === "string" && description !== "";
  rule(found, isTold, "description tells an operator nothing");
  rule(found, isAbsent(settings) || isObject(settings), "settings is no JSON Schema");
}

function checkKind(found: string[], manifest: JsonObject): void {
  const { kind, dialect, adapter } = manifest;
  if (typeof kind !== "string" || !KINDS.includes(kind)) {
    found.push(`kind ${show(kind)} is none of ${KINDS.join(", ")}`);
    return;
  }
  const speaks = kind === "normalizer";
  if (
    speaks ? !isObject(dialect) || !isAbsent(adapter) : !isObject(adapter) || !isAbsent(dialect)
  ) {
    found.push("a normalizer has the member dialect, an adapter the member adapter");
  }
  if (isObject(dialect)) {
    checkDialect(found, dialect);
  }
  if (isObject(adapter)) {
    checkAdapter(found, adapter);
  }
}

function checkDialect(found: string[], dialect: JsonObject): void {
  const { name, operations, endpoints = [] } = dialect;
  unknown(found, "dialect.", dialect, ["name", "operations", "endpoints"]);
  rule(found, isName(name), `dialect ${show(name)} ${NAME_RULE}`);
  if (!Array.isArray(operations) || !Array.isArray(endpoints)) {
    found.push("dialect.operations and dialect.endpoints are lists");
    return;
  }
  const isSpoken = operations.length + endpoints.length > 0;
  rule(found, isSpoken, "a dialect has operations, endpoints or both");
  const areKnown = operations.every((it) => OPERATIONS.includes(it as string));
  rule(found, areKnown, `dialect.operations are out of ${OPERATIONS.join(", ")}`);
  for (const endpoint of endpoints) {
    const isEndpoint =
      typeof endpoint === "string" && /^POST \/v1\/[a-z0-9_-]+(\/[a-z0-9_-]+)*$/.test(endpoint);
    rule(found, isEndpoint, `endpoint ${show(endpoint)} is not "POST /v1/" and a path`);
  }
}

function checkAdapter(found: string[], adapter: JsonObject): void {
  const { default_dialect, presets = {} } = adapter;
  unknown(found, "adapter.", adapter, ["default_dialect", "presets"]);
  rule(found, isName(default_dialect), `dialect ${show(default_dialect)} ${NAME_RULE}`);
  if (!isObject(presets)) {
    found.push("adapter.presets is an object");
    return;
  }
  for (const [name, preset] of Object.entries(presets)) {
    const known = isObject(preset) ? preset : {};
    unknown(found, `preset ${name}: `, known, [
      "description",
      "base_url",
      "dialect",
      "settings",
      "sandbox",
    ]);
    const { description, base_url, dialect } = known;
    const isGood =
      isName(name) &&
      typeof description === "string" &&
      description !== "" &&
      (isAbsent(dialect) || isName(dialect)) &&
      (isAbsent(base_url) || /^https?:\/\//.test(String(base_url)));
    rule(found, isGood, `preset ${show(name)} needs a description, and names and URL`);
  }
}

function checkCredentials(found: string[], manifest: JsonObject): void {
  const credentials = manifest["credentials"] ?? [];
  if (!Array.isArray(credentials)) {
    found.push("credentials is a list");
    return;
  }
  const seen = new Set<string>();
  for (const entry of credentials) {
    const { slot, uses, required, hint, ...others } = isObject(entry) ? entry : {};
    unknown(found, "credentials: ", others, []);
    const name = typeof slot === "string" ? slot : "";
    rule(found, !seen.has(name), `slot ${show(name)} is declared twice`);
    seen.add(name);
    rule(found, isName(name.replaceAll("_", "-")), `slot ${show(slot)} ${NAME_RULE} or "_"`);
    const fits = Array.isArray(uses) && uses.length > 0;
    if (!fits || !uses.every((use) => isUse(manifest["kind"], String(use)))) {
      found.push(
        `uses of slot ${show(slot)}: an HTTP adapter has ${PLAIN_USES.join(", ")}, header:NAME ` +
          `and query:NAME, a process adapter env:NAME, a normalizer no slot`,
      );
    }
    const isHinted = required !== true || (typeof hint === "string" && hint !== "");
    rule(found, isHinted, `the required slot ${show(slot)} has no hint for the operator`);
  }
}

function checkDetails(found: string[], manifest: JsonObject): void {
  const { limits, sdk, self_test: vectors } = manifest;
  if (isObject(limits)) {
    unknown(found, "limits.", limits, ["memory_bytes", "call_ms"]);
    const values = Object.values(limits);
    const areWhole = values.every((it) => Number.isSafeInteger(it) && Number(it) > 0);
    rule(found, areWhole, "limits are whole numbers, and of 0 let nothing run");
  }
  if (isObject(sdk)) {
    unknown(found, "sdk.", sdk, ["name", "version", "language"]);
    const facts = [sdk["name"], sdk["version"], sdk["language"]];
    const isNamed = facts.every((fact) => typeof fact === "string" && fact !== "");
    rule(found, isNamed, "sdk needs name, version and language");
  }
  rule(found, isAbsent(vectors) || Array.isArray(vectors), "self_test is a list");
  if (Array.isArray(vectors)) {
    found.push(...vectorProblems(vectors, String(manifest["kind"])));
  }
}

function unknown(found: string[], at: string, object: JsonObject, known: string[]): void {
  for (const name of Object.keys(object)) {
    rule(found, known.includes(name), `${at}${name} is not known`);
  }
}

function rule(found: string[], holds: boolean, problem: string): void {
  if (!holds) {
    found.push(problem);
  }
}

function isAbsent(value: Json | undefined): boolean {
  return value === undefined || value === null;
}

function isName(value: Json | undefined): boolean {
  return typeof value === "string" && /^[a-z0-9-]{1,64}$/.test(value);
}

function isUse(kind: Json | undefined, use: string): boolean {
  if (kind === "http-adapter") {
    return PLAIN_USES.includes(use) || /^(header|query):[A-Za-z0-9_-]{1,128}$/.test(use);
  }
  return kind === "process-adapter" && /^env:[A-Za-z0-9_-]{1,128}$/.test(use);
}

function show(value: Json | undefined): string {
  return value === undefined ? "(absent)" : JSON.stringify(value);
}
