/** Reaches Nimbus, which answers from the region that is asked. */

import { Failure, RequestHead, defineHttpAdapter, explainReply, isObject } from "patchbay-sdk";
import { decodeUtf8, type Json, type Settings } from "patchbay-sdk";

export default defineHttpAdapter({
  prepare: (call, head) => exchange(call.settings, head),
  probe: (settings) => exchange(settings, RequestHead.get("/engines")),

  /** `{"engines": [{"name": "small"}]}` */
  readModels(head, body) {
    if (head.status !== 200) {
      throw explainReply(head, body);
    }
    const reply = parsed(decodeUtf8(body));
    const engines = isObject(reply) ? reply["engines"] : undefined;
    if (!Array.isArray(engines)) {
      throw Failure.upstream("Nimbus sent no list of engines");
    }
    const names = engines.map((engine) => (isObject(engine) ? engine["name"] : undefined));
    return names.filter((name) => typeof name === "string");
  },
});

function exchange(settings: Settings, head: RequestHead) {
  const regional = head.withHeader("x-nimbus-region", settings.text("region"));
  return { head: regional.withPathPrefix("/v2"), credential: "api_key" };
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return null;
  }
}
