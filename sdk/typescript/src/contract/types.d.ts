declare module 'patchbay:plugin/types@0.1.0' {
  /**
   * UTF-8 text holding one JSON value.
   */
  export type Json = string;
  /**
   * Named JSON values for data that this version of the contract has no member for.
   * Unknown names are ignored by both sides.
   */
  export type Extra = Array<[string, Json]>;
  /**
   * One HTTP header. Names are compared without regard to case. The host refuses names and
   * values that RFC 9110 does not allow (CR, LF, NUL and other controls among them).
   */
  export interface Header {
    name: string,
    value: string,
  }
  /**
   * What the host tells a plugin about one attempt. It holds no credential, no request id,
   * no time and nothing else that differs between two requests of the same shape: an answer
   * that was computed from a `call` alone may be remembered by the host and used again.
   */
  export interface Call {
    /**
     * What is asked for: "chat", "embeddings" or "count-tokens" (a chat request whose tokens
     * are to be counted and not answered). Answer an operation that the plugin does not
     * know with a failure of kind "not-found".
     */
    operation: string,
    /**
     * The model name as the provider knows it.
     */
    model: string,
    /**
     * True if the caller asked for a stream.
     */
    streaming: boolean,
    /**
     * The provider's settings: a JSON object that matches the schema in the manifest.
     */
    settings: Json,
    extra: Extra,
  }
  /**
   * Start of an HTTP request, without authority: the operator owns scheme, host and port.
   */
  export interface RequestHead {
    /**
     * "GET", "POST", "PUT", "PATCH" or "DELETE".
     */
    method: string,
    /**
     * Appended to the provider's base URL: "/chat/completions?x=1". Starts with one "/";
     * anything that could name another authority ("//", "\", a scheme) is refused.
     */
    pathAndQuery: string,
    /**
     * `authorization`, `proxy-authorization`, `cookie`, `host`, `content-length` and
     * hop-by-hop headers are removed by the host.
     */
    headers: Array<Header>,
    extra: Extra,
  }
  /**
   * Start of an HTTP response. A program that was run answers with status 200 and no header.
   */
  export interface ResponseHead {
    status: number,
    /**
     * Credentials and cookies are removed by the host.
     */
    headers: Array<Header>,
    extra: Extra,
  }
  /**
   * Why something did not work.
   */
  export interface Failure {
    /**
     * One of: "invalid-request", "not-found", "payload-too-large", "context-too-long",
     * "content-filtered", "upstream-rate-limited", "upstream-overloaded", "upstream-auth",
     * "upstream-error", "upstream-timeout", "stream-truncated", "provider-misconfigured".
     * The host's table maps it to a status code, to retry, fallback, metrics and logs.
     * Any other text is read as "upstream-error".
     */
    kind: string,
    /**
     * One sentence for the caller: what is wrong and how to mend it. The host removes
     * credentials that an upstream quoted, and cuts it at 4 KiB.
     */
    message: string,
    /**
     * The request member at fault, as a path: "messages[2].content".
     */
    param?: string,
    /**
     * How long the caller should wait, in milliseconds, if the upstream said so.
     */
    retryAfterMs?: bigint,
    /**
     * The upstream's own code or type for this failure, for logs and for the caller.
     */
    upstreamCode?: string,
    extra: Extra,
  }
}
