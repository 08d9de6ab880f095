"""The official client asks a model behind an installed plugin.

Usage: client.py BASE_URL KEY MODEL TEXT                      whole and streamed, both say TEXT
       client.py BASE_URL KEY MODEL TEXT CONTROL COMMAND…     the same, and COMMAND runs while a
                                                              stream is held: both versions answer
"""

import subprocess
import sys
import urllib.request

from openai import OpenAI

MESSAGES = [{"role": "user", "content": "Hello"}]


def whole(client: OpenAI, model: str) -> str:
    reply = client.chat.completions.create(model=model, messages=MESSAGES)
    assert reply.choices[0].finish_reason == "stop", reply
    assert reply.usage.total_tokens == 5, reply
    return reply.choices[0].message.content


def words(client: OpenAI, model: str):
    for chunk in client.chat.completions.create(model=model, messages=MESSAGES, stream=True):
        if chunk.choices and chunk.choices[0].delta.content:
            yield chunk.choices[0].delta.content


def control(url: str) -> None:
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=10).read()


def main(base_url: str, key: str, model: str, text: str, *upgrade: str) -> None:
    client = OpenAI(base_url=base_url, api_key=key, max_retries=0)
    assert whole(client, model) == text
    assert "".join(words(client, model)) == text
    if not upgrade:
        print(f"{model}: {text!r}, whole and streamed")
        return
    url, *command = upgrade
    control(f"{url}/hold")
    held = words(client, model)
    first = next(held)
    subprocess.run(command, check=True)
    # The new version answers while the old one is in the middle of its reply.
    assert whole(client, model) == text
    control(f"{url}/release")
    assert first + "".join(held) == text
    assert "".join(words(client, model)) == text
    print(f"{model}: upgraded while a stream was running, which ended as it began")


if __name__ == "__main__":
    main(*sys.argv[1:])
