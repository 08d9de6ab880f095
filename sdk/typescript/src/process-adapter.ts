/** A provider that is a program. */

import type { Call, Settings } from "./call.ts";
import type { Process } from "./envelope.ts";

/**
 * Reaches a provider by running a program in the host's sandbox. No shell is involved, and the
 * adapter never sees the body: it marks where the host puts it.
 */
export interface ProcessAdapter {
  /** The program for a call. The host remembers the answer for calls that are equal. */
  prepare(call: Call): Process;
  /** The cheapest run that proves that the program works. */
  probe(settings: Settings): Process;
}

/** A process adapter as a plugin. */
export interface ProcessAdapterPlugin extends ProcessAdapter {
  readonly kind: "process-adapter";
}

/** Makes a process adapter, a plugin's default export. */
export function defineProcessAdapter(adapter: ProcessAdapter): ProcessAdapterPlugin {
  return {
    kind: "process-adapter",
    prepare: adapter.prepare.bind(adapter),
    probe: adapter.probe.bind(adapter),
  };
}
