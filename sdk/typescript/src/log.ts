/**
 * Lines for the gateway's log.
 *
 * The host tags each line with the plugin's name and the request's id, cuts it at 2 KiB and
 * drops lines beyond 64 in one exchange. Never log prompts, completions or bodies.
 *
 * In node there is no host: lines are kept for the test, which takes them with `logged()`.
 */

/** How important a line is. */
export type Level = "error" | "warn" | "info" | "debug" | "trace";

/** Where lines go. */
export type Sink = (level: Level, message: string) => void;

/** As many lines as the host takes in one exchange. */
const MAX_LINES = 64;

let kept: [Level, string][] = [];

let sink: Sink = (level, message) => {
  if (kept.length < MAX_LINES) {
    kept.push([level, message]);
  }
};

export const log = {
  /** The operator has to do something. */
  error: (message: string): void => sink("error", message),
  /** Something is not as it should be. */
  warn: (message: string): void => sink("warn", message),
  /** Good to know. */
  info: (message: string): void => sink("info", message),
  /** For the plugin's author. */
  debug: (message: string): void => sink("debug", message),
  /** For the plugin's author, in detail. */
  trace: (message: string): void => sink("trace", message),
};

/** Sends lines to the host; called by what the build puts around a plugin. */
export function setSink(target: Sink): void {
  sink = target;
}

/** Takes the lines that were kept. */
export function takeLines(): [Level, string][] {
  const lines = kept;
  kept = [];
  return lines;
}
