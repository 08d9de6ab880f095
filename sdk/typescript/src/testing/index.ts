/**
 * Test kit: recorded replies at every slicing, golden files, manifests. For node alone; whatever
 * a check finds wrong it says by throwing, as `node:test` expects.
 */

export { assertGolden, fixture, fixtureJson } from "./golden.ts";
export { callOf, chat, chatStream, embeddingsCall, identity } from "./calls.ts";
export { chatCases, embeddingsCases, encode, encodedValue, type Case } from "./cases.ts";
export { decodeRequest, encodeReply, failReply } from "./ingress.ts";
export { assertManifest, manifestProblems } from "./manifest.ts";
export { Replay } from "./replay.ts";
export { everyCut } from "./slicing.ts";
export { takeLines as logged } from "../log.ts";
