"""The official Python client asks programs that run as Jobs of a cluster with one node.

Usage: kubernetes_client.py BASE_URL KEY FOLDER

What the program `steps` waits for is written into FOLDER.
"""

import pathlib
import sys
import time

from openai import APIStatusError, OpenAI
from programs_client import ask, running, stream, wait_until

# What the program `slow` was started with; nothing else on the machine has it.
MARK = "41870.75"


def main(base_url: str, key: str, folder: str) -> None:
    client = OpenAI(base_url=base_url, api_key=key, max_retries=0)
    for model, question in [
        ("argument", "$(KEY) $$(KEY) $$ `id`; -n"),
        ("argument", "Grüße 😀\nsecond line"),
        ("input", "hello\n\n$(KEY)\tworld"),
        ("input", "x" * 1_000_000),
    ]:
        assert ask(client, model, question) == question, (model, question[:80])
        assert stream(client, model, question) == question, (model, question[:80])
    assert ask(client, "keyed", "x") == "key of 30", "the program has no credential"
    try:
        ask(client, "failing", "x")
        raise SystemExit("a program that fails is no failure")
    except APIStatusError as error:
        assert "status 3" in str(error.body), error.body
    comes_as_it_is_written(client, pathlib.Path(folder))
    leave(client)


def comes_as_it_is_written(client: OpenAI, folder: pathlib.Path) -> None:
    """Its second line is written when its first was read here."""
    go_on = folder / "go-on"
    go_on.unlink(missing_ok=True)
    text = ""
    for piece in deltas(client, "steps"):
        text += piece
        if "first" in text:
            go_on.touch()
    assert text.split() == ["first", "second"], text


def leave(client: OpenAI) -> None:
    chunks = deltas(client, "slow")
    next(chunks)
    wait_until(lambda: running(MARK), "the program is not there while its answer is read")
    left = time.monotonic()
    chunks.close()
    wait_until(lambda: not running(MARK), "the program is left behind")
    print(f"kubernetes: a program was gone {time.monotonic() - left:.2f} s after its caller left")


def deltas(client: OpenAI, model: str):
    messages = [{"role": "user", "content": "x"}]
    with client.chat.completions.create(model=model, messages=messages, stream=True) as chunks:
        for chunk in chunks:
            if chunk.choices and chunk.choices[0].delta.content:
                yield chunk.choices[0].delta.content


if __name__ == "__main__":
    main(*sys.argv[1:])
