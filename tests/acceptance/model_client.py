"""The official Python client asks a model and prints what it got, as comparable JSON.

Usage: model_client.py CHAT_BASE_URL EMBEDDINGS_BASE_URL KEY

What differs from one request to the next (ids, times, timings) is left out.
"""

import json
import sys

from openai import OpenAI

VOLATILE = {"id", "created", "timings"}
MESSAGES = [
    {"role": "system", "content": "You are a terse assistant."},
    {"role": "user", "content": "Name three colours of the rainbow. Grüße 😀"},
]
# The prompt cache would make the count of cached tokens depend on what was asked before;
# `cache_prompt` is llama.cpp's own member, so it also shows that such members are forwarded.
QUESTION = {
    "model": "smollm2",
    "messages": MESSAGES,
    "temperature": 0,
    "seed": 7,
    "max_tokens": 48,
    "extra_body": {"cache_prompt": False},
}
INPUTS = ["a red apple", "Grüße 😀", "the third text is a little longer than the others"]


def steady(value):
    """The value without what differs from one request to the next."""
    if isinstance(value, dict):
        return {name: steady(v) for name, v in value.items() if name not in VOLATILE}
    if isinstance(value, list):
        return [steady(item) for item in value]
    return value


def chat(client: OpenAI) -> dict:
    reply = client.chat.completions.create(**QUESTION)
    assert reply.choices[0].message.content, reply
    assert reply.usage.completion_tokens > 0, reply
    return steady(reply.model_dump())


def stream(client: OpenAI, **options) -> list:
    chunks = list(client.chat.completions.create(stream=True, **QUESTION, **options))
    assert len({(chunk.id, chunk.model) for chunk in chunks}) == 1, chunks
    asked = "stream_options" in options
    usages = [chunk for chunk in chunks if chunk.usage]
    assert len(usages) == (1 if asked else 0), usages
    if asked:
        assert chunks[-1].choices == [] and chunks[-1].usage.completion_tokens > 0, chunks[-1]
    return [steady(chunk.model_dump()) for chunk in chunks]


def embeddings(client: OpenAI) -> list:
    results = []
    for options in ({}, {"encoding_format": "float"}, {"encoding_format": "base64"}):
        reply = client.embeddings.create(model="smollm2-embeddings", input=INPUTS, **options)
        assert [item.index for item in reply.data] == [0, 1, 2], reply
        results.append(steady(reply.model_dump()))
    return results


def main(chat_url: str, embeddings_url: str, key: str) -> None:
    client = OpenAI(base_url=chat_url, api_key=key, max_retries=0)
    embedder = OpenAI(base_url=embeddings_url, api_key=key, max_retries=0)
    report = {
        "chat": chat(client),
        "stream": stream(client),
        "stream_with_usage": stream(client, stream_options={"include_usage": True}),
        "embeddings": embeddings(embedder),
    }
    json.dump(report, sys.stdout, indent=1, sort_keys=True, ensure_ascii=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
