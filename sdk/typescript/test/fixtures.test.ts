/** The fixtures that every SDK has to satisfy. */

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "node:test";

import {
  Failure,
  LineSplitter,
  ResponseHead,
  SseSplitter,
  Utf8Splitter,
  encodeUtf8,
  errorInsteadOfAnswer,
  explainReply,
  parseDataUrl,
  pathSegment,
  readModelIds,
  retryAfterMs,
} from "patchbay-sdk";
import { everyCut } from "patchbay-sdk/testing";

const FOLDER = fileURLToPath(new URL("../../fixtures/", import.meta.url));

interface Fixture<I> {
  readonly name: string;
  readonly input: I;
  readonly expected: unknown;
}

interface Reply {
  readonly status: number;
  readonly body: string;
}

/** One test for each fixture of a folder. */
function check<I>(folder: string, run: (input: I) => unknown): void {
  const files = readdirSync(FOLDER + folder).sort();
  assert.ok(files.length > 0, folder);
  for (const file of files) {
    const text = readFileSync(`${FOLDER}${folder}/${file}`, "utf8");
    const { name, input, expected } = JSON.parse(text) as Fixture<I>;
    test(`${folder}: ${name}`, () => assert.deepEqual(run(input) ?? null, expected));
  }
}

/** What a splitter gives, the same at every slicing. */
function sliced<T>(bytes: Uint8Array, split: (pieces: Uint8Array[]) => T): T {
  const whole = split([bytes]);
  everyCut(bytes, (pieces) => assert.deepEqual(split(pieces), whole));
  return whole;
}

function failureValue(failure: Failure | undefined): unknown {
  if (!failure) return null;
  const { kind, message, param, upstreamCode } = failure;
  return {
    kind,
    message,
    ...(param === undefined ? {} : { param }),
    ...(upstreamCode === undefined ? {} : { upstream_code: upstreamCode }),
  };
}

check<{ text: string }>("sse", ({ text }) =>
  sliced(encodeUtf8(text), (pieces) => {
    const splitter = new SseSplitter();
    const events = [...pieces.flatMap((piece) => splitter.push(piece)), splitter.finish()];
    return events
      .filter((event) => event !== undefined)
      .map(({ retryMs, ...event }) => ({
        ...event,
        ...(retryMs === undefined ? {} : { retry_ms: retryMs }),
      }));
  }),
);

check<{ text: string }>("lines", ({ text }) =>
  sliced(encodeUtf8(text), (pieces) => {
    const splitter = new LineSplitter();
    const lines = [...pieces.flatMap((piece) => splitter.push(piece)), splitter.finish()];
    return lines.filter((line) => line !== undefined);
  }),
);

check<{ base64: string }>("utf8", ({ base64 }) =>
  sliced(Uint8Array.from(Buffer.from(base64, "base64")), (pieces) => {
    const splitter = new Utf8Splitter();
    return pieces.map((piece) => splitter.push(piece)).join("") + splitter.finish();
  }),
);

check<{ headers: [string, string][] }>("retry_after", ({ headers }) => {
  const listed = headers.map(([name, value]) => ({ name, value }));
  return retryAfterMs(new ResponseHead(429, listed));
});

check<Reply>("explain", ({ status, body }) =>
  failureValue(explainReply(new ResponseHead(status), encodeUtf8(body))),
);

check<string>("error_in_stream", (document) => failureValue(errorInsteadOfAnswer(document)));

check<Reply>("models", ({ status, body }) => {
  try {
    return { ids: readModelIds(new ResponseHead(status), encodeUtf8(body)) };
  } catch (thrown) {
    assert.ok(thrown instanceof Failure);
    return { kind: thrown.kind };
  }
});

check<string>("data_url", (url) => {
  const found = parseDataUrl(url);
  return found && { media_type: found.mediaType, base64: found.base64 };
});

check<string>("path_segment", pathSegment);
