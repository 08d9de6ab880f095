"""The official Python client asks providers that are programs, streamed and not.

Usage: programs_client.py BASE_URL KEY
"""

import json
import pathlib
import sys
import time
import urllib.request

from openai import APIStatusError, OpenAI

# What the program `slow` was started with; nothing else on the machine has it.
MARK = "41870.25"

# The kernel takes a killed tree apart soon after it was killed; this is only the patience.
PATIENCE_S = 10


def main(base_url: str, key: str) -> None:
    client = OpenAI(base_url=base_url, api_key=key, max_retries=0)
    for model, question, answer in [
        ("echo", "-n looks like an option", "-n looks like an option"),
        ("echo", "$(id); `id` | sh", "$(id); `id` | sh"),
        ("bc", "2^200", str(2**200)),
        ("bc", "scale=3\n1/3\n2/3", ".333\n.666"),
        ("upper", "hello, 2 worlds\n", "HELLO, 2 WORLDS"),
        ("llm", "hello, Grüße 😀", "hello, Grüße 😀"),
    ]:
        assert ask(client, model, question) == answer, (model, question)
        assert stream(client, model, question) == answer, (model, question)
    leave(client)
    check_readiness(base_url)
    print("programs: echo, bc, llm and a program in WebAssembly answer, streamed and not; one that was left is gone")


def ask(client: OpenAI, model: str, question: str) -> str:
    messages = [{"role": "user", "content": question}]
    reply = client.chat.completions.create(model=model, messages=messages)
    return reply.choices[0].message.content


def stream(client: OpenAI, model: str, question: str) -> str:
    messages = [{"role": "user", "content": question}]
    chunks = client.chat.completions.create(model=model, messages=messages, stream=True)
    return "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)


def leave(client: OpenAI) -> None:
    messages = [{"role": "user", "content": "x"}]
    try:
        chunks = client.chat.completions.create(model="slow", messages=messages, stream=True)
    except APIStatusError as error:
        raise AssertionError(error.body) from error
    for chunk in chunks:
        if chunk.choices and chunk.choices[0].delta.content:
            break
    wait_until(lambda: running(MARK), "the program is not there while its answer is read")
    chunks.close()
    wait_until(lambda: not running(MARK), "the program is left behind")


def wait_until(holds, problem: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, problem
        time.sleep(0.02)


def running(mark: str) -> list[str]:
    """Ids of processes that have this word in their command line."""
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if mark.encode() in words:
            found.append(process.name)
    return found


def check_readiness(base_url: str) -> None:
    """The sandbox of each provider is told, whichever it is on this machine."""
    url = base_url.removesuffix("/v1") + "/health/ready"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url) as reply:
        checks = json.load(reply)["checks"]
    said = next(check["reason"] for check in checks if check["name"] == "sandbox")
    assert "llm runs in " in said and "llm runs in basic" not in said, said
    assert "upper runs in wasi" in said, said
    assert "bc runs in " in said and "sandbox " in said, said


if __name__ == "__main__":
    main(*sys.argv[1:])
