"""The official Python client chats with the model `echo`, streamed and not.

Usage: echo_client.py BASE_URL KEY
"""

import sys

from openai import AuthenticationError, NotFoundError, OpenAI

TEXT = "hello, Grüße 😀\nsecond line"


def main(base_url: str, key: str) -> None:
    client = OpenAI(base_url=base_url, api_key=key, max_retries=0)
    messages = [{"role": "user", "content": TEXT}]

    whole = client.chat.completions.create(model="echo", messages=messages)
    assert whole.choices[0].message.content == TEXT, whole
    assert whole.choices[0].finish_reason == "stop", whole

    chunks = list(client.chat.completions.create(model="echo", messages=messages, stream=True))
    content = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert content == TEXT, chunks
    assert chunks[0].choices[0].delta.role == "assistant", chunks[0]
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop", chunks
    assert len({(c.id, c.created, c.model) for c in chunks}) == 1, chunks

    assert "echo" in [model.id for model in client.models.list()]
    assert client.models.retrieve("echo").id == "echo"

    raw = client.chat.completions.with_raw_response.create(model="echo", messages=messages)
    assert raw.headers["x-patchbay-provider"] == "echo", raw.headers
    assert raw.parse()._request_id == raw.headers["x-request-id"], raw.headers

    expect(NotFoundError, lambda: client.chat.completions.create(model="nobody", messages=messages))
    stranger = OpenAI(base_url=base_url, api_key="pb-stranger", max_retries=0)
    expect(AuthenticationError, lambda: stranger.models.list())
    print("Python client: chat, stream, models and errors are right")


def expect(kind: type[Exception], call) -> None:
    try:
        call()
    except kind as error:
        assert error.body["message"] and error.request_id, error
    else:
        raise AssertionError(f"{kind.__name__} was not raised")


if __name__ == "__main__":
    main(*sys.argv[1:])
