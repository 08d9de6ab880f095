/** Why something did not work, in the contract's words. */

/**
 * The failure kinds that a plugin may name. The host's table maps each to a status code, to
 * retry, fallback, metrics and logs; `types.wit` lists the same names.
 */
export const FAILURE_KINDS = [
  /** The caller's request is wrong. */
  "invalid-request",
  /** No such model or operation. */
  "not-found",
  /** The provider takes no body of this size. */
  "payload-too-large",
  /** The prompt does not fit the model. */
  "context-too-long",
  /** The provider refused the content. */
  "content-filtered",
  /** The provider's rate limit. */
  "upstream-rate-limited",
  /** The provider is overloaded. */
  "upstream-overloaded",
  /** The provider did not accept the gateway's credential. */
  "upstream-auth",
  /** The provider failed, or sent what its dialect does not allow. */
  "upstream-error",
  /** The provider did not answer in time. */
  "upstream-timeout",
  /** The reply lacks its end. */
  "stream-truncated",
  /** The provider's settings make the call impossible. */
  "provider-misconfigured",
] as const;

/** One of {@link FAILURE_KINDS}. */
export type FailureKind = (typeof FAILURE_KINDS)[number];

/** What else is known of a failure. */
export interface FailureDetails {
  /** The request member at fault, as a path: `messages[2].content`. */
  readonly param?: string | undefined;
  /** How long the caller should wait. */
  readonly retryAfterMs?: number | undefined;
  /** The upstream's own code or type. */
  readonly upstreamCode?: string | undefined;
}

/**
 * Thrown for everything that the contract has a word for. Anything else that is thrown ends the
 * instance, and the caller gets a plugin fault.
 */
export class Failure extends Error {
  readonly param: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly upstreamCode: string | undefined;

  /** @param message One sentence, what is wrong and how to mend it. It may reach the caller. */
  constructor(
    readonly kind: FailureKind,
    message: string,
    details: FailureDetails = {},
  ) {
    super(message);
    this.name = "Failure";
    this.param = details.param;
    this.retryAfterMs = details.retryAfterMs;
    this.upstreamCode = details.upstreamCode;
  }

  /** `invalid-request` for one request member, named as a path: `messages[2].content`. */
  static invalidRequest(param: string, message: string): Failure {
    return new Failure("invalid-request", message, { param });
  }

  /** `not-found` for an operation that the plugin does not know. */
  static unknownOperation(operation: string): Failure {
    const name = JSON.stringify(operation);
    return new Failure("not-found", `this provider does not offer the operation ${name}`);
  }

  /** `provider-misconfigured` for one member of the settings: `settings.program`. */
  static misconfigured(member: string, reason: string): Failure {
    const message = `the provider is misconfigured, ${member}: ${reason}`;
    return new Failure("provider-misconfigured", message, { param: member });
  }

  /** `upstream-error` for a reply that the dialect does not allow. */
  static upstream(message: string): Failure {
    return new Failure("upstream-error", message);
  }

  /** `stream-truncated` for a reply that lacks its end. */
  static truncated(message: string): Failure {
    return new Failure("stream-truncated", message);
  }
}
