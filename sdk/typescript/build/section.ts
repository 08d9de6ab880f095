/** Custom sections of WebAssembly. */

import { encodeUtf8 } from "../src/utf8.ts";

/** A custom section, to be appended to a module or component. */
export function customSection(name: string, content: Uint8Array): Uint8Array {
  const label = encodeUtf8(name);
  const payload = [...unsigned(label.length), ...label, ...content];
  return Uint8Array.from([0, ...unsigned(payload.length), ...payload]);
}

/** A whole number in LEB128. */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest > 0 ? low + 128 : low);
  } while (rest > 0);
  return bytes;
}
