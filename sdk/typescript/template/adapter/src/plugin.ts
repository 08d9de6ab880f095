/** Reaches Provider Name. */

import { defineHttpAdapter } from "patchbay-sdk";

export default defineHttpAdapter({
  prepare(call, head) {
    const team = call.settings.optionalText("team");
    const known = team === undefined ? head : head.withHeader("x-team", team);
    return { head: known.withPathPrefix("/v1"), credential: "api_key" };
  },
});
