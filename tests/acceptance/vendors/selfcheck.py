"""Drives every mock vendor with that vendor's own official client.

This shows that the mocks are faithful without Patchbay between: the clients accept what the
mocks answer, and the mocks accept what the clients send. Wrong requests are sent too: a mock
that lets them pass would prove nothing.

Usage: selfcheck.py
"""

import json
import sys

import anthropic
import cohere
import ollama
from huggingface_hub import InferenceClient

# Imported for the checks that they register.
import selfcheck_bedrock  # noqa: F401
import selfcheck_google  # noqa: F401
import selfcheck_openai  # noqa: F401
import server
import story
from asked import DATA_URL, PNG64, TOOLS
from checks import CALLS, CHECKS, RESULTS, check, refused, rejects, same


@check("anthropic")
def anthropic_messages(url, vendor):
    client = anthropic.Anthropic(base_url=url, api_key=vendor["key"], max_retries=0)
    tools = [{"name": n, "description": n, "input_schema": s} for n, s in TOOLS.items()]

    def ask(content, **more):
        messages = content if isinstance(content, list) and "role" in content[0] else [
            {"role": "user", "content": content}]
        return {"model": vendor["model"], "max_tokens": 2048, "messages": messages, **more}

    same(client.messages.create(**ask("say hello")).content[0].text, story.HELLO)
    with client.messages.stream(**ask("say hello")) as stream:
        same("".join(stream.text_stream), story.HELLO)
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png",
                                         "data": PNG64}}
    reply = client.messages.create(**ask([image, {"type": "text", "text": "describe the image"}]))
    same(reply.content[0].text, story.IMAGE)
    thinking = {"type": "enabled", "budget_tokens": 1024}
    for streams in (False, True):
        question = ask("two tools", tools=tools, thinking=thinking)
        if streams:
            with client.messages.stream(**question) as stream:
                first = stream.get_final_message()
        else:
            first = client.messages.create(**question)
        same(first.stop_reason, "tool_use")
        same([(b.name, b.input) for b in first.content if b.type == "tool_use"], CALLS)
        results = [{"type": "tool_result", "tool_use_id": b.id, "content": RESULTS[b.name]}
                   for b in first.content if b.type == "tool_use"]
        history = [*question["messages"], {"role": "assistant", "content": first.content},
                   {"role": "user", "content": results}]
        second = client.messages.create(**ask(history, tools=tools, thinking=thinking))
        same(second.content[0].text, story.FOUND_BOTH)
    same(client.messages.count_tokens(model=vendor["model"],
                                      messages=[{"role": "user", "content": "x"}]).input_tokens, 21)
    try:
        client.messages.create(**ask("be rate limited"))
    except anthropic.RateLimitError as error:
        same(error.response.headers["retry-after"], str(story.RETRY_AFTER))
    refused(anthropic.APIError, lambda: client.messages.create(**ask("break off")))
    other = {**image, "source": {**image["source"], "data": PNG64[:-8] + "AAAAAAA="}}
    refused(anthropic.BadRequestError, lambda: client.messages.create(
        **ask([other, {"type": "text", "text": "describe the image"}])))
    whole = {"type": "thinking", "thinking": "x", "signature": "forged"}
    refused(anthropic.BadRequestError, lambda: client.messages.create(**ask(
        [{"role": "user", "content": "a"}, {"role": "assistant", "content": [whole]},
         {"role": "user", "content": "b"}])))
    refused(anthropic.BadRequestError,
            lambda: client.messages.create(**ask("say hello"), extra_body={"new_member": 1}))
    refused(anthropic.BadRequestError, lambda: client.messages.create(
        **ask("say hello"), extra_body={"temperature": 0.2}))
    old = client.with_options(default_headers={"anthropic-version": "2023-06-01"})
    same(old.messages.create(**ask("say hello"), extra_body={"temperature": 0.2})
         .content[0].text, story.HELLO)
    refused(anthropic.AuthenticationError, lambda: anthropic.Anthropic(
        base_url=url, api_key="other", max_retries=0).messages.create(**ask("say hello")))


@check("cohere")
def cohere_v2(url, vendor):
    client = cohere.ClientV2(api_key=vendor["key"], base_url=url)
    model = vendor["model"]
    hello = [{"role": "user", "content": "say hello"}]
    same(client.chat(model=model, messages=hello).message.content[0].text, story.HELLO)
    text = "".join(e.delta.message.content.text for e in client.chat_stream(
        model=model, messages=hello) if e.type == "content-delta")
    same(text, story.HELLO)
    image = [{"type": "text", "text": "describe the image"},
             {"type": "image_url", "image_url": {"url": DATA_URL}}]
    same(client.chat(model=model, messages=[{"role": "user", "content": image}])
         .message.content[0].text, story.IMAGE)
    tools = [{"type": "function", "function": {"name": n, "parameters": s}}
             for n, s in TOOLS.items()]
    question = [{"role": "user", "content": "two tools"}]
    first = client.chat(model=model, messages=question, tools=tools).message
    calls = first.tool_calls
    same([(c.function.name, json.loads(c.function.arguments)) for c in calls], CALLS)
    results = [{"role": "tool", "tool_call_id": c.id, "content": RESULTS[c.function.name]}
               for c in calls]
    same(client.chat(model=model, messages=[*question, first, *results], tools=tools)
         .message.content[0].text, story.FOUND_BOTH)
    refused(cohere.BadRequestError, lambda: client.chat(
        model=model, messages=[*question, first, *results[1:]], tools=tools))
    bearer = {"authorization": f"Bearer {vendor['key']}"}
    rejects(f"{url}/v2/chat", {"model": model, "messages": hello, "top_p": 0.5}, bearer)
    rejects(f"{url}/v2/embed", {"model": vendor["embedding_model"], "texts": ["a"] * 97,
                                "input_type": "search_document"}, bearer)
    reply = client.embed(model=vendor["embedding_model"], texts=["a", "b"],
                         input_type="search_document", embedding_types=["float"])
    same(reply.embeddings.float_, [story.vector("a"), story.vector("b")])


@check("ollama")
def ollama_native(url, vendor):
    client = ollama.Client(host=url)
    model = vendor["model"]
    hello = [{"role": "user", "content": "say hello"}]
    same(client.chat(model, hello).message.content, story.HELLO)
    same("".join(c.message.content for c in client.chat(model, hello, stream=True)), story.HELLO)
    image = [{"role": "user", "content": "describe the image", "images": [story.PNG]}]
    same(client.chat(model, image).message.content, story.IMAGE)
    tools = [{"type": "function", "function": {"name": n, "parameters": s}}
             for n, s in TOOLS.items()]
    question = [{"role": "user", "content": "two tools"}]
    first = client.chat(model, question, tools=tools, think=True).message
    same(first.thinking, story.THOUGHT)
    same([(c.function.name, c.function.arguments) for c in first.tool_calls], CALLS)
    results = [{"role": "tool", "tool_name": c.function.name, "content": RESULTS[c.function.name]}
               for c in first.tool_calls]
    same(client.chat(model, [*question, first, *results], tools=tools).message.content,
         story.FOUND_BOTH)
    reply = client.embed(vendor["embedding_model"], ["a", "b"])
    same(reply.embeddings, [story.vector("a"), story.vector("b")])
    refused(ollama.ResponseError, lambda: client.chat("other", hello))
    nameless = [{"role": "tool", "content": RESULTS["get_weather"]}] * 2
    refused(ollama.ResponseError, lambda: client.chat(model, [*question, first, *nameless],
                                                      tools=tools))
    rejects(f"{url}/api/chat", {"model": model, "messages": hello, "max_tokens": 5})
    rejects(f"{url}/api/chat", {"model": model, "messages": hello, "options": {"max_tokens": 5}})


@check("tgi")
def tgi(url, vendor):
    hello = "<s>[INST] say hello [/INST]"
    whole = InferenceClient(model=f"{url}/generate", token=vendor["key"])
    reply = whole.text_generation(hello, details=True, max_new_tokens=20, stream=False)
    same((reply.generated_text, reply.details.finish_reason), (story.HELLO, "eos_token"))
    streamed = InferenceClient(model=f"{url}/generate_stream", token=vendor["key"])
    pieces = list(streamed.text_generation(hello, details=True, stream=True))
    same("".join(p.token.text for p in pieces if not p.token.special), story.HELLO)
    same(pieces[-1].details.generated_tokens, 13)
    same(pieces[-1].generated_text, story.HELLO)
    bearer = {"authorization": f"Bearer {vendor['key']}"}
    for wrong in ({"max_tokens": 5}, {"temperature": 0}, {"stop": "END"}):
        rejects(f"{url}/generate", {"inputs": hello, "parameters": wrong}, bearer)
    rejects(f"{url}/generate", {"inputs": hello})


def main() -> int:
    vendors, journal = server.start()
    failed = 0
    for name, function in CHECKS:
        vendor = vendors[name]
        try:
            function(f"http://127.0.0.1:{vendor['port']}", vendor)
        except Exception as problem:
            failed += 1
            print(f"  {name:<14} failed: {problem!r}")
            for violation in journal.drain()["violations"][-3:]:
                print(f"  {'':<14} {violation}")
            if "-v" in sys.argv:
                raise
        else:
            found = journal.drain()
            print(f"  {name:<14} ok, {sum(found['requests'].values())} requests, "
                  f"{len(found['violations'])} of them refused on purpose")
    print(f"mocks against the vendors' own clients: {len(CHECKS) - failed} passed, "
          f"{failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
