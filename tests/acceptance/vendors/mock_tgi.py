"""Mock of a Text Generation Inference server: /generate and /generate_stream.

Sources: https://huggingface.github.io/text-generation-inference (OpenAPI), the types that the
huggingface_hub package generates from it, and for headers and statuses the server's own
https://github.com/huggingface/text-generation-inference/blob/main/router/src/server.rs. The
server knows no roles: it gets a prompt. It has no rate limit: where all its places are taken it
is overloaded, with status 429. Hosts that put a limit before it answer without `error_type`.
"""

from huggingface_hub.inference._generated.types.text_generation import TextGenerationInput

import story
import typed
from vendor import Vendor, expect_bearer
from wire import Reply, expect_json, json_reply, require, require_none, sse

STOPS = {"end": "eos_token", "length": "length", "refusal": "eos_token"}
MODEL = "mistralai/Mistral-7B-Instruct-v0.3"
HOST = "not the server's word"


class Tgi(Vendor):
    name = "tgi"
    key = "hf_acceptance0123456789"
    model = MODEL
    troubles = {
        "rate-limited": (429, HOST, "Rate limit reached"),
        "overloaded": (429, "overloaded", "Model is overloaded"),
        "too-long": (422, "validation", "Input validation error: `inputs` tokens + "
                     "`max_new_tokens` must be <= 4096. Given: 5000 `inputs` tokens and 100 "
                     "`max_new_tokens`"),
    }

    def error_body(self, status, message, code):
        if code == HOST:
            return {"error": message}
        kinds = {400: "validation", 422: "validation"}
        return {"error": message, "error_type": code or kinds.get(status, "generation")}

    def reply(self, request):
        expect_bearer(request, self.key)
        if request.method == "GET" and request.path in ("/info", "/health"):
            return json_reply({"model_id": self.model, "max_total_tokens": 4096})
        expect_json(request)
        body = request.json()
        require(request.path in ("/generate", "/generate_stream"), f"path {request.path}", 404)
        require_none(typed.problems(TextGenerationInput, body))
        streams = request.path == "/generate_stream"
        require(body.get("stream", streams) == streams, f"stream: {body.get('stream')}")
        parameters = body.get("parameters") or {}
        check_parameters(parameters)
        turn = story.play(story.Ask(last_text(body["inputs"])))
        require(not turn.calls, "this server has no tools")
        if streams:
            return Reply(b"".join(events(turn)), "text/event-stream", is_stream=True,
                         breaks_off=turn.breaks_off)
        reply = {"generated_text": turn.text}
        if parameters.get("details"):
            reply["details"] = {
                "finish_reason": STOPS[turn.stop], "generated_tokens": story.OUTPUT_TOKENS,
                "seed": None, "tokens": tokens(turn.text), "best_of_sequences": None,
                "prefill": prefill(parameters)}
        counts = {"x-prompt-tokens": str(story.INPUT_TOKENS),
                  "x-generated-tokens": str(story.OUTPUT_TOKENS)}
        return json_reply(reply, headers=counts, breaks_off=turn.breaks_off)


def prefill(parameters) -> list:
    if not parameters.get("decoder_input_details"):
        return []
    return [{"id": i, "text": "x", "logprob": -1.0} for i in range(story.INPUT_TOKENS)]


def check_parameters(parameters):
    """The server's own rules for values."""
    temperature = parameters.get("temperature")
    require(temperature is None or temperature > 0, "`temperature` must be strictly positive")
    top_p = parameters.get("top_p")
    require(top_p is None or 0 < top_p < 1, "`top_p` must be > 0.0 and < 1.0")
    new = parameters.get("max_new_tokens")
    require(new is None or new > 0, "`max_new_tokens` must be strictly positive")
    require(len(parameters.get("stop") or []) <= 4, "`stop` supports up to 4 stop sequences")
    require(parameters.get("seed") is None or parameters["seed"] >= 0, "`seed` must be >= 0")


def last_text(prompt) -> str:
    """The last of the prompt's lines that says a scenario; the template is the sender's."""
    require(prompt.strip(), "Input validation error: `inputs` cannot be empty")
    keys = ("say hello", "rate limited", "overloaded", "too long", "run out", "refuse",
            "break off", "go on", "think", "weather tool", "two tools", "image")
    found = max(keys, key=prompt.rfind)
    return found if found in prompt and found not in ("weather tool", "two tools", "image") else ""


def tokens(text) -> list:
    return [{"id": 100 + i, "text": word, "logprob": -0.25, "special": False}
            for i, word in enumerate(story.words(text))]


def events(turn):
    listed = tokens(turn.text)
    for index, token in enumerate(listed, 1):
        last = index == len(listed) and turn.stop == "length"
        yield event(turn, index, token, last)
    if turn.stop != "length":
        end = {"id": 2, "text": "</s>", "logprob": -0.01, "special": True}
        yield event(turn, len(listed) + 1, end, True)


def event(turn, index, token, is_last) -> bytes:
    details = {"finish_reason": STOPS[turn.stop], "generated_tokens": story.OUTPUT_TOKENS,
               "seed": None, "input_length": story.INPUT_TOKENS}
    value = {"index": index, "token": token, "generated_text": turn.text if is_last else None,
             "details": details if is_last else None}
    return sse(None, value).replace(b"data: ", b"data:", 1)
