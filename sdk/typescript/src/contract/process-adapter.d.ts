/// <reference path="./types.d.ts" />
declare module 'patchbay:plugin/process-adapter@0.1.0' {
  /**
   * The program for a call. A pure function of `call`, remembered like `http-adapter.prepare`.
   */
  export function prepare(call: Call): Process;
  /**
   * The cheapest run that proves that the program works.
   */
  export function probe(settings: Json): Process;
  export type Json = import('patchbay:plugin/types@0.1.0').Json;
  export type Call = import('patchbay:plugin/types@0.1.0').Call;
  export type Failure = import('patchbay:plugin/types@0.1.0').Failure;
  export type Extra = import('patchbay:plugin/types@0.1.0').Extra;
  /**
   * One argument of the program.
   */
  export interface Argument {
    /**
     * Literal text.
     */
    text: string,
    /**
     * True if the host appends the encoded body to `text`: "" or "--prompt=" and the body.
     * The plugin never sees the body.
     */
    takesBody: boolean,
  }
  /**
   * A program to run once.
   */
  export interface Process {
    /**
     * Absolute path.
     */
    program: string,
    arguments: Array<Argument>,
    /**
     * The whole environment: nothing is inherited from the gateway.
     */
    environment: Array<[string, string]>,
    /**
     * True if the encoded body goes to standard input, which is empty otherwise.
     */
    bodyOnStdin: boolean,
    /**
     * Limit for the whole run in milliseconds, within the provider's own.
     */
    timeoutMs?: bigint,
    /**
     * Name of a credential slot of kind `env:NAME`; none sets no credential.
     */
    credential?: string,
    extra: Extra,
  }
}
