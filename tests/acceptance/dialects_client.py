"""The official Python clients ask a real model in another dialect than it is reached by.

Anthropic's client is answered by llama.cpp's chat completions and OpenAI's client by llama.cpp's
messages; both have to get what they get from the server directly.

Usage: dialects_client.py GATEWAY_URL CALLER_KEY LLAMA_URL LLAMA_KEY
"""

import sys

from anthropic import Anthropic
from openai import OpenAI

SYSTEM = "You are a terse assistant."
QUESTION = "What is the capital of France? Grüße 😀"
# The answer begins with a character of several tokens. llama.cpp's messages then stream without
# their first event, which Anthropic's own client does not survive; the gateway has to.
HEADLESS = "Name three colours of the rainbow. Grüße 😀"
LIMIT = 24
# Greedy, so that the same prompt has one answer.
GREEDY = {"temperature": 0}


def messages(client: Anthropic, model: str) -> dict:
    asked = {"model": model, "max_tokens": LIMIT, "system": SYSTEM, "extra_body": GREEDY,
             "messages": [{"role": "user", "content": QUESTION}]}
    reply = client.messages.create(**asked)
    with client.messages.stream(**asked) as stream:
        streamed = "".join(stream.text_stream)
        final = stream.get_final_message()
    text = "".join(block.text for block in reply.content)
    assert text and streamed == text, (text, streamed)
    assert final.stop_reason == reply.stop_reason, (final, reply)
    return {"text": text, "stop": reply.stop_reason, "output": reply.usage.output_tokens,
            "streamed output": final.usage.output_tokens,
            "input": reply.usage.input_tokens + (reply.usage.cache_read_input_tokens or 0)}


def chat(client: OpenAI, model: str, question: str) -> dict:
    asked = {"model": model, "max_tokens": LIMIT, "extra_body": GREEDY,
             "messages": [{"role": "system", "content": SYSTEM},
                          {"role": "user", "content": question}]}
    reply = client.chat.completions.create(**asked)
    chunks = list(client.chat.completions.create(
        stream=True, stream_options={"include_usage": True}, **asked))
    choice = reply.choices[0]
    text = choice.message.content
    streamed = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text and streamed == text, (text, streamed)
    reasons = [c.choices[0].finish_reason for c in chunks if c.choices]
    assert reasons[-1] == choice.finish_reason, (reasons, choice)
    return {"text": text, "stop": choice.finish_reason, "output": reply.usage.completion_tokens,
            "streamed output": chunks[-1].usage.completion_tokens,
            "input": reply.usage.prompt_tokens}


def main(gateway: str, caller_key: str, llama: str, llama_key: str) -> None:
    options = {"max_retries": 0, "timeout": 120}
    compare("messages by chat completions",
            messages(Anthropic(base_url=llama, api_key=llama_key, **options), "smollm2"),
            messages(Anthropic(base_url=gateway, api_key=caller_key, **options),
                     "llama-chat/smollm2"))
    direct = OpenAI(base_url=f"{llama}/v1", api_key=llama_key, **options)
    through = OpenAI(base_url=f"{gateway}/v1", api_key=caller_key, **options)
    for question in (QUESTION, HEADLESS):
        compare("chat completions by messages", chat(direct, "smollm2", question),
                chat(through, "llama-messages/smollm2", question))


def compare(what: str, direct: dict, through: dict) -> None:
    assert direct == through, f"{what}: {through} through the gateway, {direct} directly"
    print(f"  Python, {what}: {through['text']!r}, {through['input']} + {through['output']} tokens")


if __name__ == "__main__":
    main(*sys.argv[1:])
