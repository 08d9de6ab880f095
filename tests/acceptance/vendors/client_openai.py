"""The official Python client of OpenAI with every provider, through the gateway.

Usage: client_openai.py PLAN RESULTS
"""

import base64
import json
import struct
import sys

import openai

from cases import Run, same, says_no
from client_responses import ResponsesCases

CLIENT = "openai, Python"


class Cases(ResponsesCases):
    def __init__(self, plan, provider):
        self.plan = plan
        self.provider = provider
        self.says = plan["says"]
        self.model = provider["model"]
        self.client = openai.OpenAI(base_url=f"{plan['gateway']}/v1", api_key=plan["key"],
                                    max_retries=0, timeout=20)
        self.chat = self.client.chat.completions
        self.tools = [{"type": "function", "function": {"name": n, "description": n,
                                                        "parameters": s}}
                      for n, s in plan["tools"].items()]
        self.image_url = f"data:image/png;base64,{plan['image']}"

    def ask(self, text, **more):
        content = text if isinstance(text, (str, list)) else None
        return {"model": self.model, "messages": [{"role": "user", "content": content}], **more}

    def check_usage(self, usage):
        tokens = self.plan["tokens"]
        same(usage.completion_tokens, tokens["output"], "completion tokens")
        same(usage.prompt_tokens, tokens["input"], "prompt tokens")
        same(usage.total_tokens, tokens["input"] + tokens["output"], "total tokens")
        if self.provider["cached"]:
            same(usage.prompt_tokens_details.cached_tokens, tokens["cached"], "cached tokens")

    # Chat

    def text(self):
        reply = self.chat.create(**self.ask("say hello"))
        same(reply.object, "chat.completion")
        same(reply.choices[0].message.content, self.says["hello"])
        same(reply.choices[0].message.role, "assistant")
        same(reply.choices[0].finish_reason, "stop")
        self.check_usage(reply.usage)

    def stream(self):
        chunks = list(self.chat.create(stream=True, **self.ask("say hello")))
        self.check_stream(chunks)
        same([c for c in chunks if c.usage], [], "usage chunks")

    def stream_usage(self):
        chunks = list(self.chat.create(stream=True, stream_options={"include_usage": True},
                                       **self.ask("say hello")))
        self.check_stream(chunks[:-1])
        same(chunks[-1].choices, [])
        self.check_usage(chunks[-1].usage)
        same([c for c in chunks[:-1] if c.usage], [], "early usage")

    def check_stream(self, chunks):
        same(self.joined(chunks)["content"], self.says["hello"])
        same({(c.id, c.created, c.model, c.object) for c in chunks},
             {(chunks[0].id, chunks[0].created, chunks[0].model, "chat.completion.chunk")})
        same(chunks[0].choices[0].delta.role, "assistant")
        reasons = [c.choices[0].finish_reason for c in chunks if c.choices]
        same(reasons, [None] * (len(reasons) - 1) + ["stop"], "finish reasons")

    def joined(self, chunks) -> dict:
        """The message that a stream's deltas make, unknown members included."""
        message = {"role": "assistant", "content": None}
        calls, details = {}, {}
        for chunk in chunks:
            for choice in chunk.choices:
                delta = choice.delta.to_dict()
                for name in ("content", "reasoning_content", "refusal"):
                    if delta.get(name):
                        message[name] = (message.get(name) or "") + delta[name]
                for piece in delta.get("tool_calls") or []:
                    merge_call(calls, piece)
                for piece in delta.get("reasoning_details") or []:
                    merge_detail(details, piece)
        if calls:
            message["tool_calls"] = [calls[index] for index in sorted(calls)]
        if details:
            message["reasoning_details"] = [details[index] for index in sorted(details)]
        return message

    def first_round(self, question, streams, **more) -> dict:
        """The assistant's message with its calls, as an application would keep it."""
        asked = {**question, "tools": self.tools, **more}
        if streams:
            chunks = list(self.chat.create(stream=True, **asked))
            same([c.choices[0].finish_reason for c in chunks if c.choices][-1], "tool_calls")
            return self.joined(chunks)
        choice = self.chat.create(**asked).choices[0]
        same(choice.finish_reason, "tool_calls")
        return choice.message.to_dict()

    def two_rounds(self, text, streams, **more):
        question = self.ask(text)
        message = self.first_round(question, streams, **more)
        expected = self.plan["calls"] if "two" in text else self.plan["calls"][:1]
        calls = message["tool_calls"]
        same([[c["function"]["name"], json.loads(c["function"]["arguments"])] for c in calls],
             expected, "calls")
        same(len({c["id"] for c in calls}), len(calls), "distinct ids")
        results = [{"role": "tool", "tool_call_id": c["id"],
                    "content": self.plan["results"][c["function"]["name"]]} for c in calls]
        history = [*question["messages"], message, *results]
        asked = {"model": self.model, "messages": history, "tools": self.tools, **more}
        if streams:
            content = self.joined(self.chat.create(stream=True, **asked))["content"]
        else:
            content = self.chat.create(**asked).choices[0].message.content
        same(content, self.says["found_both" if "two" in text else "found"])
        return message

    def one_tool(self):
        self.two_rounds("call the weather tool", False, tool_choice="auto")

    def two_tools(self):
        self.two_rounds("two tools", False)

    def two_tools_stream(self):
        self.two_rounds("two tools", True)

    def no_tools(self):
        says_no(lambda: self.chat.with_raw_response.create(
            tools=self.tools, **self.ask("call the weather tool")).headers, "tools")

    def image(self):
        reply = self.chat.create(**self.ask(self.image_parts()))
        same(reply.choices[0].message.content, self.says["image"])

    def image_parts(self):
        return [{"type": "text", "text": "describe the image"},
                {"type": "image_url", "image_url": {"url": self.image_url}}]

    def no_image(self):
        says_no(lambda: self.chat.with_raw_response.create(
            **self.ask(self.image_parts())).headers, "image", "messages")

    def think(self):
        question = self.ask("think about it", reasoning_effort="low")
        reply = self.chat.create(**question)
        message = reply.choices[0].message.to_dict()
        same(message["content"], self.says["thoughtful"])
        same(message.get("reasoning_content"), self.says["thought"], "reasoning")
        again = [*question["messages"], message, {"role": "user", "content": "go on"}]
        reply = self.chat.create(model=self.model, messages=again, reasoning_effort="low")
        same(reply.choices[0].message.content, self.says["went_on"])

    def think_tools(self):
        message = self.two_rounds("two tools", False, reasoning_effort="low")
        same(message.get("reasoning_content"), self.says["thought"], "reasoning")

    def think_tools_stream(self):
        message = self.two_rounds("two tools", True, reasoning_effort="low")
        same(message.get("reasoning_content"), self.says["thought"], "reasoning")

    def no_thought(self):
        reply = self.chat.create(**self.ask("think about it", reasoning_effort="low"))
        same(reply.choices[0].message.content, self.says["thoughtful"])

    def length(self):
        reply = self.chat.create(**self.ask("run out", max_completion_tokens=2000))
        same(reply.choices[0].finish_reason, "length")
        same(reply.choices[0].message.content, self.says["lengthy"])

    def refusal(self):
        choice = self.chat.create(**self.ask("refuse")).choices[0]
        assert choice.finish_reason == "content_filter" or choice.message.refusal, choice

    def no_refusal(self):
        same(self.chat.create(**self.ask("refuse")).choices[0].message.content,
             self.says["refused"])

    def parameters(self):
        reply = self.chat.create(**self.ask(
            "say hello", temperature=0.2, top_p=0.9, max_tokens=300, stop=["END"], seed=7))
        same(reply.choices[0].message.content, self.says["hello"])

    # Embeddings

    def embeddings(self):
        vectors = self.plan["vectors"]
        model = self.provider["embedding_model"]
        for options in ({}, {"encoding_format": "float"}):
            reply = self.client.embeddings.create(model=model, input=list(vectors), **options)
            same([item.index for item in reply.data], list(range(len(vectors))), "order")
            for item, (text, vector) in zip(reply.data, vectors.items()):
                assert close(item.embedding, vector), f"{text}: {item.embedding} not {vector}"
        text, vector = next(iter(vectors.items()))
        raw = self.client.embeddings.with_raw_response.create(
            model=model, input=text, encoding_format="base64")
        packed = json.loads(raw.text)["data"][0]["embedding"]
        numbers = struct.unpack(f"<{len(vector)}f", base64.b64decode(packed))
        assert close(numbers, vector), f"base64: {numbers}"

    def no_embeddings(self):
        says_no(lambda: self.client.embeddings.with_raw_response.create(
            model=self.model, input="text").headers)

    # Failures

    def failing(self, text, **more):
        return {**self.ask(text), "model": self.provider["faulty_model"], **more}

    def break_off_stream(self):
        seen = []
        try:
            for chunk in self.chat.create(stream=True, **self.failing("break off")):
                seen += [c.delta.content or "" for c in chunk.choices]
        except openai.APIError:
            assert "".join(seen) != self.says["hello"], seen
            return
        raise AssertionError(f"the broken stream ended as if it were whole: {seen}")

    def break_off(self):
        self.fails(openai.APIError, "break off")

    def overloaded(self):
        self.fails(openai.InternalServerError, "be overloaded")

    def too_long(self):
        same(self.fails(openai.BadRequestError, "be too long").code, "context_length_exceeded")

    def rate_limited(self):
        error = self.fails(openai.RateLimitError, "be rate limited")
        wait = float(error.response.headers["retry-after"])
        assert 1 <= wait <= self.plan["retry_after"], error.response.headers

    def fails(self, kind, text):
        try:
            reply = self.chat.create(**self.failing(text))
        except kind as error:
            return error
        raise AssertionError(f"{text!r} was answered: {reply}")


def merge_call(calls, piece):
    call = calls.setdefault(piece["index"], {
        "id": None, "type": "function", "function": {"name": "", "arguments": ""}})
    if piece.get("id"):
        assert call["id"] in (None, piece["id"]), f"two ids at index {piece['index']}"
        call["id"] = piece["id"]
    function = piece.get("function") or {}
    call["function"]["name"] += function.get("name") or ""
    call["function"]["arguments"] += function.get("arguments") or ""


def merge_detail(details, piece):
    detail = details.setdefault(piece.get("index", 0), {})
    for name, value in piece.items():
        joins = name in ("text", "summary", "data") and detail.get(name)
        detail[name] = detail[name] + value if joins else value


def close(actual, expected) -> bool:
    return len(actual) == len(expected) and all(
        abs(a - b) < 1e-6 for a, b in zip(actual, expected))


def run(plan, output):
    runner = Run(CLIENT, plan, output)
    for provider in plan["providers"]:
        cases = Cases(plan, provider)

        def case(name, function, offered=True, provider=provider):
            runner.case(provider, name, function, offered)

        def either(name, offers, function, otherwise):
            case(name, function if offers else otherwise, offers)

        case("chat", cases.text)
        case("chat, streamed", cases.stream)
        case("chat, streamed, usage", cases.stream_usage)
        case("chat, parameters", cases.parameters)
        case("chat, length", cases.length)
        either("chat, refusal", provider["refusal"], cases.refusal, cases.no_refusal)
        either("chat, image", provider["images"], cases.image, cases.no_image)
        tools, thinks = provider["tools"], provider["thinking"]
        either("chat, one tool", tools, cases.one_tool, cases.no_tools)
        either("chat, two tools", tools, cases.two_tools, cases.no_tools)
        either("chat, two tools, streamed", tools, cases.two_tools_stream, cases.no_tools)
        either("chat, reasoning", thinks, cases.think, cases.no_thought)
        either("chat, reasoning, tools", thinks, cases.think_tools, cases.no_thought)
        either("chat, reasoning, tools, streamed", thinks, cases.think_tools_stream,
               cases.no_thought)
        case("responses", cases.responses)
        case("responses, streamed", cases.responses_stream)
        either("responses, image", provider["images"], cases.responses_image, cases.no_image)
        either("responses, tools", tools, cases.responses_tools, cases.no_tools)
        either("responses, tools, streamed", tools, cases.responses_tools_stream, cases.no_tools)
        case("completions", cases.completions)
        case("completions, streamed", cases.completions_stream)
        either("embeddings", "embedding_model" in provider, cases.embeddings, cases.no_embeddings)
        case("too long", cases.too_long)
        case("breaks off", cases.break_off)
        case("breaks off, streamed", cases.break_off_stream)
        case("overloaded", cases.overloaded)
        case("rate limited", cases.rate_limited)


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file, \
            open(sys.argv[2], "a", encoding="utf-8") as results:
        run(json.load(file), results)
