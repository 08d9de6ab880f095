/** The contract's envelopes: heads, plans, exchanges, programs. */

import type { Extra } from "./call.ts";

/** One HTTP header. Names are compared without regard to case. */
export interface Header {
  readonly name: string;
  readonly value: string;
}

/** Start of an HTTP request, without authority: the operator owns scheme, host and port. */
export class RequestHead {
  constructor(
    /** `GET`, `POST`, `PUT`, `PATCH` or `DELETE`. */
    readonly method: string,
    /** Appended to the provider's base URL. Starts with one `/`. */
    readonly pathAndQuery: string,
    readonly headers: Header[] = [],
    readonly extra: Extra = [],
  ) {}

  /** `GET` of a path relative to the provider's base URL. */
  static get(pathAndQuery: string): RequestHead {
    return new RequestHead("GET", pathAndQuery);
  }

  /** `POST` to a path relative to the provider's base URL. */
  static post(pathAndQuery: string): RequestHead {
    return new RequestHead("POST", pathAndQuery);
  }

  /** The same with one more header. */
  withHeader(name: string, value: string): RequestHead {
    const headers = [...this.headers, { name, value }];
    return new RequestHead(this.method, this.pathAndQuery, headers, this.extra);
  }

  /** The same with another path. */
  withPath(pathAndQuery: string): RequestHead {
    return new RequestHead(this.method, pathAndQuery, this.headers, this.extra);
  }

  /** The same with a path before the one that is there: `/v2` before `/chat/completions`. */
  withPathPrefix(prefix: string): RequestHead {
    return this.withPath(prefix + this.pathAndQuery);
  }

  /** The same with one more query parameter. Name and value are written as they are. */
  withQuery(name: string, value: string): RequestHead {
    const separator = this.pathAndQuery.includes("?") ? "&" : "?";
    return this.withPath(`${this.pathAndQuery}${separator}${name}=${value}`);
  }
}

/** Start of an HTTP response. A program that was run answers with status 200 and no header. */
export class ResponseHead {
  constructor(
    readonly status: number,
    readonly headers: Header[] = [],
    readonly extra: Extra = [],
  ) {}

  /** The same with one more header. */
  withHeader(name: string, value: string): ResponseHead {
    return new ResponseHead(this.status, [...this.headers, { name, value }], this.extra);
  }

  /** The first header of a name, whatever its case. */
  header(name: string): string | undefined {
    const wanted = name.toLowerCase();
    return this.headers.find((header) => header.name.toLowerCase() === wanted)?.value;
  }
}

/** One request to a provider, without authority, body and secret. */
export interface Exchange {
  readonly head: RequestHead;
  /** Name of a credential slot from the manifest; none sends no credential. */
  readonly credential?: string;
  /** For the use `aws-sigv4`. */
  readonly awsSigning?: { readonly region: string; readonly service: string };
}

/** One argument of a program. */
export interface Argument {
  /** Literal text. */
  readonly text: string;
  /** Whether the host appends the body to `text`. */
  readonly takesBody: boolean;
}

/** Literal text. */
export function argument(text: string): Argument {
  return { text, takesBody: false };
}

/** Text to which the host appends the body: `""`, or `"--prompt="`. */
export function bodyAfter(text: string): Argument {
  return { text, takesBody: true };
}

/** A program to run once. */
export interface Process {
  /** Absolute path. */
  readonly program: string;
  readonly arguments?: readonly Argument[];
  /** The whole environment: nothing is inherited from the gateway. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Whether the body goes to standard input, which is empty otherwise. */
  readonly bodyOnStdin?: boolean;
  /** Limit for the whole run, within the provider's own. */
  readonly timeoutMs?: number;
  /** Name of a credential slot of kind `env:NAME`; none sets no credential. */
  readonly credential?: string;
}

/** What can be said about an exchange before its body is looked at. */
export interface ExchangePlan {
  readonly head: RequestHead;
  /** Whether the canonical body has to be rewritten. */
  readonly encodeBody: boolean;
  /** Whether a good reply is canonical already. */
  readonly verbatim: boolean;
  /** Most inputs in one embeddings request; the host splits longer lists. */
  readonly maxInputs?: number;
}

/** The canonical body goes out as it is, and the reply comes back as it is. */
export function verbatim(head: RequestHead): ExchangePlan {
  return { head, encodeBody: false, verbatim: true };
}

/** The host calls `encode` for the body and a decoder for the reply. */
export function rewritten(head: RequestHead): ExchangePlan {
  return { head, encodeBody: true, verbatim: false };
}

/** A rewritten body. */
export interface Encoded {
  /** The provider's request body. */
  readonly body: Uint8Array | string;
  /** Canonical members, as paths, that the dialect cannot express. */
  readonly dropped?: readonly string[];
  /** Replaces the plan's head where the body decides it. */
  readonly head?: RequestHead;
  /** Handed back to the decoder of the same attempt, in its identity's `extra`. */
  readonly extra?: Extra;
}
