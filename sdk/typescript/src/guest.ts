/// <reference path="./contract/index.d.ts" />

/**
 * Carries a plugin across the border: from the contract's records to this package's types and
 * back. Only what the build puts around a plugin calls it.
 */

import { Settings, type Call } from "./call.ts";
import {
  RequestHead,
  ResponseHead,
  type Encoded,
  type Exchange,
  type Process,
} from "./envelope.ts";
import { Failure } from "./failure.ts";
import type { HttpAdapterPlugin } from "./http-adapter.ts";
import type { CallerFailure, Encoder, Ingress } from "./ingress.ts";
import { log } from "./log.ts";
import type { Decoder, NormalizerPlugin } from "./normalizer.ts";
import type { ProcessAdapterPlugin } from "./process-adapter.ts";
import { decodeUtf8, encodeUtf8 } from "./utf8.ts";

export { setSink } from "./log.ts";

type Wire = import("patchbay:plugin/types@0.1.0").Failure;
type WireCall = import("patchbay:plugin/types@0.1.0").Call;
type WireRequestHead = import("patchbay:plugin/types@0.1.0").RequestHead;
type WireResponseHead = import("patchbay:plugin/types@0.1.0").ResponseHead;
type WireExchange = import("patchbay:plugin/http-adapter@0.1.0").Exchange;
type WireProcess = import("patchbay:plugin/process-adapter@0.1.0").Process;
type WireIdentity = import("patchbay:plugin/egress@0.1.0").ReplyIdentity;
type WireEncoded = import("patchbay:plugin/egress@0.1.0").Encoded;
type WirePlan = import("patchbay:plugin/egress@0.1.0").ExchangePlan;

/**
 * How the engine wants a `u64`: ComponentizeJS a `bigint`, as the contract's types say, QuickJS
 * a `number`, in spite of them.
 */
export type U64 = (value: number) => bigint;

/** The interface `http-adapter` of the contract. */
export function exportHttpAdapter(
  adapter: HttpAdapterPlugin,
  u64: U64,
): typeof import("patchbay:plugin/http-adapter@0.1.0") {
  return {
    prepare: (call, head) =>
      guarded(u64, () => toExchange(adapter.prepare(readCall(call), readRequestHead(head)))),
    probe: (settings) => guarded(u64, () => toExchange(adapter.probe(new Settings(settings)))),
    listModels: (settings) =>
      guarded(u64, () => {
        const exchange = adapter.listModels(new Settings(settings));
        return exchange && toExchange(exchange);
      }),
    readModels: (head, body) =>
      guarded(u64, () => adapter.readModels(readResponseHead(head), body)),
  };
}

/** The interface `process-adapter` of the contract. */
export function exportProcessAdapter(
  adapter: ProcessAdapterPlugin,
  u64: U64,
): typeof import("patchbay:plugin/process-adapter@0.1.0") {
  return {
    prepare: (call) => guarded(u64, () => toProcess(adapter.prepare(readCall(call)), u64)),
    probe: (settings) => guarded(u64, () => toProcess(adapter.probe(new Settings(settings)), u64)),
  };
}

/** The interface `egress` of the contract. */
export function exportEgress(
  plugin: NormalizerPlugin,
  u64: U64,
): typeof import("patchbay:plugin/egress@0.1.0") {
  const egress = side(plugin.egress, "towards providers");
  return {
    plan: (call) => guarded(u64, () => toPlan(egress.plan(readCall(call)))),
    encode: (call, canonical) =>
      guarded(u64, () => toEncoded(egress.encode(readCall(call), canonical))),
    explain: (call, head, body) =>
      guarded(u64, () =>
        toFailure(egress.explain(readCall(call), readResponseHead(head), body), u64),
      ),
    Decoder: class {
      private decoder: Decoder | Failure | undefined;

      constructor(call: WireCall, identity: WireIdentity, head: WireResponseHead) {
        const { id, created, extra } = identity;
        const known = { id, created: Number(created), extra };
        // A constructor has no way to fail: what it throws is said by the first call.
        this.decoder = caught(() => egress.decoder(readCall(call), known, readResponseHead(head)));
      }

      push(chunk: Uint8Array): Uint8Array[] {
        return guarded(u64, () => usable(this.decoder).push(chunk).map(encodeUtf8));
      }

      finish(clean: boolean): Uint8Array[] {
        return guarded(u64, () => {
          const decoder = usable(this.decoder);
          this.decoder = undefined;
          return decoder.finish(clean ? "clean" : "broken").map(encodeUtf8);
        });
      }
    },
  };
}

/** The interface `ingress` of the contract. */
export function exportIngress(
  plugin: NormalizerPlugin,
  u64: U64,
): typeof import("patchbay:plugin/ingress@0.1.0") {
  const ingress: Ingress = side(plugin.ingress, "towards callers");
  return {
    decode: (head, body) =>
      guarded(u64, () => {
        const { canonical, extra, ...decoded } = ingress.decode(readRequestHead(head), body);
        return { ...decoded, canonical: toBytes(canonical), extra: extra ?? [] };
      }),
    fail: (status, failure) =>
      guarded(u64, () => {
        const { head, body } = ingress.fail(status, readFailure(failure));
        return { head, body: toBytes(body) };
      }),
    Encoder: class {
      private encoder: Encoder | Failure | undefined;

      constructor(extra: [string, string][], streaming: boolean) {
        this.encoder = caught(() => ingress.encoder(extra, streaming));
      }

      head(): WireResponseHead {
        const encoder = this.encoder;
        const usableNow = encoder !== undefined && !(encoder instanceof Failure);
        return usableNow ? guarded(u64, () => encoder.head()) : new ResponseHead(200);
      }

      push(documents: Uint8Array[]): Uint8Array {
        return guarded(u64, () => toBytes(usable(this.encoder).push(documents.map(decodeUtf8))));
      }

      finish(failure: Wire | undefined): Uint8Array {
        return guarded(u64, () => {
          const encoder = usable(this.encoder);
          this.encoder = undefined;
          return toBytes(encoder.finish(failure ? readFailure(failure) : undefined));
        });
      }
    },
  };
}

/** Runs a plugin's code. A `Failure` becomes the contract's; anything else leaves a line and traps. */
function guarded<T>(u64: U64, run: () => T): T {
  try {
    return run();
  } catch (thrown) {
    if (thrown instanceof Failure) {
      throw toFailure(thrown, u64);
    }
    log.error(describe(thrown));
    throw thrown;
  }
}

/** What was thrown, and where. The message could quote a prompt, which does not belong in a log. */
function describe(thrown: unknown): string {
  if (!(thrown instanceof Error)) {
    return `the plugin threw a ${typeof thrown}; throw a Failure for what a caller should know`;
  }
  const frames = (thrown.stack ?? "").split("\n").filter((line) => /^\s*at |@/.test(line));
  return `the plugin threw a ${thrown.name} ${frames
    .slice(0, 4)
    .map((it) => it.trim())
    .join(" ")}`;
}

function caught<T>(make: () => T): T | Failure {
  try {
    return make();
  } catch (thrown) {
    if (thrown instanceof Failure) {
      return thrown;
    }
    log.error(describe(thrown));
    throw thrown;
  }
}

function usable<T>(state: T | Failure | undefined): T {
  if (state === undefined) {
    throw Failure.upstream("the plugin's resource was used after its end");
  }
  if (state instanceof Failure) {
    throw state;
  }
  return state;
}

function side<T>(side: T | undefined, name: string): T {
  if (side === undefined) {
    throw new Error(`plugin.json says that the dialect has a side ${name}, the code has none`);
  }
  return side;
}

function readCall(call: WireCall): Call {
  const { operation, model, streaming, settings, extra } = call;
  return { operation, model, streaming, settings: new Settings(settings), extra };
}

function readRequestHead(head: WireRequestHead): RequestHead {
  return new RequestHead(head.method, head.pathAndQuery, head.headers, head.extra);
}

function readResponseHead(head: WireResponseHead): ResponseHead {
  return new ResponseHead(head.status, head.headers, head.extra);
}

function readFailure(failure: Wire): CallerFailure {
  const text = (name: string): string | undefined => {
    const json = failure.extra.find(([known]) => known === name)?.[1];
    const value: unknown = json === undefined ? undefined : JSON.parse(json);
    return typeof value === "string" ? value : undefined;
  };
  const wait = failure.retryAfterMs ?? undefined;
  return {
    kind: failure.kind,
    message: failure.message,
    param: failure.param ?? undefined,
    retryAfterMs: wait === undefined ? undefined : Number(wait),
    errorType: text("error-type") ?? "server_error",
    errorCode: text("error-code"),
  };
}

function toFailure(failure: Failure, u64: U64): Wire {
  const { kind, message, param, retryAfterMs, upstreamCode } = failure;
  return {
    kind,
    message,
    extra: [],
    ...(param === undefined ? {} : { param }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs: u64(Math.ceil(retryAfterMs)) }),
    ...(upstreamCode === undefined ? {} : { upstreamCode }),
  };
}

function toPlan(plan: import("./envelope.ts").ExchangePlan): WirePlan {
  const { head, encodeBody, verbatim, maxInputs } = plan;
  const extra: [string, string][] =
    maxInputs === undefined ? [] : [["max-inputs", String(maxInputs)]];
  return { head, encodeBody, verbatim, extra };
}

function toEncoded(encoded: Encoded): WireEncoded {
  const { head, body, dropped, extra } = encoded;
  return {
    body: toBytes(body),
    dropped: [...(dropped ?? [])],
    extra: extra ?? [],
    ...(head === undefined ? {} : { head }),
  };
}

function toExchange(exchange: Exchange): WireExchange {
  const { head, credential, awsSigning } = exchange;
  const extra: [string, string][] = awsSigning
    ? [
        ["aws-region", JSON.stringify(awsSigning.region)],
        ["aws-service", JSON.stringify(awsSigning.service)],
      ]
    : [];
  return { head, extra, ...(credential === undefined ? {} : { credential }) };
}

function toProcess(process: Process, u64: U64): WireProcess {
  const { program, bodyOnStdin, timeoutMs, credential } = process;
  return {
    program,
    arguments: [...(process.arguments ?? [])],
    environment: Object.entries(process.environment ?? {}),
    bodyOnStdin: bodyOnStdin ?? false,
    extra: [],
    ...(timeoutMs === undefined ? {} : { timeoutMs: u64(timeoutMs) }),
    ...(credential === undefined ? {} : { credential }),
  };
}

function toBytes(body: Uint8Array | string): Uint8Array {
  return typeof body === "string" ? encodeUtf8(body) : body;
}
