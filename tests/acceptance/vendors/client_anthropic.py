"""The official Python client of Anthropic with every provider, through the gateway.

Usage: client_anthropic.py PLAN RESULTS
"""

import json
import sys

import anthropic

from cases import Run, same, says_no

CLIENT = "anthropic, Python"
BIG = 12345678901234567890


class Cases:
    def __init__(self, plan, provider):
        self.plan = plan
        self.provider = provider
        self.says = plan["says"]
        self.client = anthropic.Anthropic(base_url=plan["gateway"], api_key=plan["key"],
                                          max_retries=0, timeout=20)
        self.tools = [{"name": n, "description": n, "input_schema": s}
                      for n, s in plan["tools"].items()]

    def ask(self, content, **more):
        return {"model": self.provider["model"], "max_tokens": 4096,
                "messages": [{"role": "user", "content": content}], **more}

    def whole(self, streams, asked):
        if not streams:
            return self.client.messages.create(**asked)
        with self.client.messages.stream(**asked) as stream:
            text = "".join(stream.text_stream)
            message = stream.get_final_message()
        same(text, "".join(b.text for b in message.content if b.type == "text"))
        return message

    def text(self, streams=False):
        message = self.whole(streams, self.ask("say hello", system="Answer briefly."))
        same([b.text for b in message.content], [self.says["hello"]])
        same((message.type, message.role), ("message", "assistant"))
        same(message.stop_reason, "end_turn")
        tokens = self.plan["tokens"]
        same(message.usage.output_tokens, tokens["output"], "output tokens")
        read = message.usage.cache_read_input_tokens or 0
        same(message.usage.input_tokens + read, tokens["input"], "input tokens")

    def stream(self):
        self.text(streams=True)

    def two_rounds(self, streams, **more):
        question = self.ask("two tools", tools=self.tools, **more)
        first = self.whole(streams, question)
        same(first.stop_reason, "tool_use")
        uses = [b for b in first.content if b.type == "tool_use"]
        same([[u.name, u.input] for u in uses], self.plan["calls"], "calls")
        results = [{"type": "tool_result", "tool_use_id": u.id,
                    "content": self.plan["results"][u.name]} for u in uses]
        history = [*question["messages"],
                   {"role": "assistant", "content": [b.to_dict() for b in first.content]},
                   {"role": "user", "content": results}]
        second = self.whole(streams, {**question, "messages": history})
        same([b.text for b in second.content if b.type == "text"], [self.says["found_both"]])
        return first

    def tools_whole(self):
        self.two_rounds(False)

    def tools_streamed(self):
        self.two_rounds(True)

    def thinking_whole(self):
        self.thinking(False)

    def thinking_streamed(self):
        self.thinking(True)

    def thinking(self, streams):
        first = self.two_rounds(streams, thinking={"type": "enabled", "budget_tokens": 1024})
        thought = "".join(b.thinking for b in first.content if b.type == "thinking")
        same(thought, self.says["thought"], "thinking")

    def no_thought(self):
        asked = self.ask("think about it", thinking={"type": "enabled", "budget_tokens": 1024})
        same(self.client.messages.create(**asked).content[-1].text, self.says["thoughtful"])

    def no_tools(self):
        says_no(lambda: self.client.messages.with_raw_response.create(
            **self.ask("call the weather tool", tools=self.tools)).headers, "tools")

    def image_content(self):
        source = {"type": "base64", "media_type": "image/png", "data": self.plan["image"]}
        return [{"type": "image", "source": source},
                {"type": "text", "text": "describe the image"}]

    def image(self):
        message = self.client.messages.create(**self.ask(self.image_content()))
        same(message.content[0].text, self.says["image"])

    def no_image(self):
        says_no(lambda: self.client.messages.with_raw_response.create(
            **self.ask(self.image_content())).headers, "image", "messages")

    def length(self):
        message = self.client.messages.create(**self.ask("run out"))
        same(message.stop_reason, "max_tokens")
        same(message.content[0].text, self.says["lengthy"])

    def refusal(self):
        message = self.client.messages.create(**self.ask("refuse"))
        assert message.stop_reason == "refusal" or any(
            b.type == "text" and b.text == self.says["refused"] for b in message.content), message

    def counted(self):
        """Who counted, and what came of it."""
        asked = self.ask("say hello", tools=self.tools)
        del asked["max_tokens"]
        reply = self.client.messages.with_raw_response.count_tokens(**asked)
        return reply.headers.get("x-patchbay-token-count"), reply.parse().input_tokens

    def count(self):
        same(self.counted(), ("provider", self.plan["tokens"]["input"]))

    def estimate(self):
        source, tokens = self.counted()
        same(source, "estimate")
        assert tokens > 0, tokens

    def untouched(self):
        """A beta that the gateway does not know: header, member and digits arrive as sent."""
        beta = self.plan["beta"]
        for streams in (False, True):
            asked = self.ask("say hello", extra_headers={"anthropic-beta": beta["header"]},
                             extra_body={beta["member"]: {"big": BIG, "decimal": 1.0}})
            same(self.whole(streams, asked).content[0].text, self.says["hello"])

    # Failures

    def fails(self, kind, text, streams=False):
        asked = {**self.ask(text), "model": self.provider["faulty_model"]}
        try:
            message = self.whole(streams, asked)
        except kind as error:
            return error
        raise AssertionError(f"{text!r} was answered: {message}")

    def too_long(self):
        self.fails(anthropic.BadRequestError, "be too long")

    def break_off(self):
        self.fails(anthropic.APIError, "break off")

    def break_off_stream(self):
        self.fails(anthropic.APIError, "break off", streams=True)

    def overloaded(self):
        error = self.fails(anthropic.APIStatusError, "be overloaded")
        assert error.status_code in (503, 529), error

    def rate_limited(self):
        error = self.fails(anthropic.RateLimitError, "be rate limited")
        same(error.body["type"], "error")
        same(error.body["error"]["type"], "rate_limit_error")
        wait = float(error.response.headers["retry-after"])
        assert 1 <= wait <= self.plan["retry_after"], error.response.headers


def run(plan, output):
    runner = Run(CLIENT, plan, output)
    for provider in plan["providers"]:
        cases = Cases(plan, provider)

        def case(name, function, offered=True, asks=True, provider=provider):
            runner.case(provider, name, function, offered, asks)

        def either(name, offers, function, otherwise):
            case(name, function if offers else otherwise, offers)

        case("messages", cases.text)
        case("messages, streamed", cases.stream)
        case("messages, length", cases.length)
        case("messages, refusal", cases.refusal, provider["refusal"])
        either("messages, image", provider["images"], cases.image, cases.no_image)
        either("messages, tools", provider["tools"], cases.tools_whole, cases.no_tools)
        either("messages, tools, streamed", provider["tools"], cases.tools_streamed,
               cases.no_tools)
        thinks = provider["thinking"]
        either("messages, thinking, tools", thinks, cases.thinking_whole, cases.no_thought)
        either("messages, thinking, tools, streamed", thinks, cases.thinking_streamed,
               cases.no_thought)
        # Where the vendor does not count, the gateway estimates and says so.
        counts = provider["count_tokens"]
        case("count tokens", cases.count if counts else cases.estimate, asks=counts)
        if provider["id"] == "anthropic":
            case("messages, untouched", cases.untouched)
        case("too long", cases.too_long)
        case("breaks off", cases.break_off)
        case("breaks off, streamed", cases.break_off_stream)
        case("overloaded", cases.overloaded)
        case("rate limited", cases.rate_limited)


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file, \
            open(sys.argv[2], "a", encoding="utf-8") as results:
        run(json.load(file), results)
