declare module 'patchbay:plugin/host@0.1.0' {
  /**
   * Writes one line to the gateway's log, tagged by the host with the plugin's name and the
   * request's id. `level` is "error", "warn", "info", "debug" or "trace"; anything else is
   * read as "info". Never log prompts, completions or bodies. The host cuts messages at
   * 2 KiB and drops lines beyond 64 in one exchange, counting them.
   */
  export function log(level: string, message: string): void;
}
