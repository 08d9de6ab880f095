/** Files that tests compare with. */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

import { isObject, parseJson, writeJson, type Json } from "../json.ts";

/** Set, it makes {@link assertGolden} write what it was given. */
const BLESS = "PATCHBAY_BLESS";

/** Reads a file beside the tests; paths are relative to the package. */
export function fixture(path: string): Uint8Array {
  return readFileSync(path);
}

/** Reads a JSON file beside the tests; numbers keep their digits. */
export function fixtureJson(path: string): Json {
  return parseJson(readFileSync(path, "utf8"));
}

/**
 * Compares a value with a JSON file. With `PATCHBAY_BLESS=1` the file is written instead.
 *
 * @throws Error If they differ, naming the first place, or if there is no such file.
 */
export function assertGolden(path: string, actual: Json): void {
  if (process.env[BLESS] !== undefined) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `${pretty(actual, "")}\n`);
    return;
  }
  if (!existsSync(path)) {
    throw new Error(`${path} is not there; ${BLESS}=1 npm test writes it`);
  }
  const difference = firstDifference("", fixtureJson(path), actual);
  if (difference !== undefined) {
    throw new Error(`${path} differs at ${difference}; ${BLESS}=1 npm test writes it anew`);
  }
}

/** The first place where two values differ; undefined if they are equal. */
export function firstDifference(
  at: string,
  expected: Json | undefined,
  actual: Json | undefined,
): string | undefined {
  if (isObject(expected) && isObject(actual)) {
    const names = new Set([...Object.keys(expected), ...Object.keys(actual)]);
    return first([...names], (name) =>
      firstDifference(`${at}/${name}`, expected[name], actual[name]),
    );
  }
  if (Array.isArray(expected) && Array.isArray(actual)) {
    const longest = expected.length > actual.length ? expected : actual;
    return first([...longest.keys()], (index) =>
      firstDifference(`${at}/${index}`, expected[index], actual[index]),
    );
  }
  const [left, right] = [shown(expected), shown(actual)];
  return left === right ? undefined : `${at}: expected ${left}, found ${right}`;
}

function first<T>(list: T[], find: (entry: T) => string | undefined): string | undefined {
  for (const entry of list) {
    const found = find(entry);
    if (found !== undefined) return found;
  }
  return undefined;
}

function shown(value: Json | undefined): string {
  return value === undefined ? "nothing" : writeJson(value);
}

function pretty(value: Json, indent: string): string {
  const deeper = `${indent}  `;
  const parts = Array.isArray(value)
    ? value.map((entry) => pretty(entry, deeper))
    : isObject(value)
      ? Object.entries(value)
          .filter(([, member]) => member !== undefined)
          .map(([name, member]) => `${JSON.stringify(name)}: ${pretty(member ?? null, deeper)}`)
      : [];
  if (parts.length === 0) {
    return writeJson(value);
  }
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  return `${open}\n${deeper}${parts.join(`,\n${deeper}`)}\n${indent}${close}`;
}
