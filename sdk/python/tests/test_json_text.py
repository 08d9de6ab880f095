"""JSON: what is read is written again."""

import math

import pytest

from patchbay_sdk import Failure, FailureKind, json_text


@pytest.mark.parametrize(
    "text",
    [
        '{"a":[1,2.5,-0.0,true,false,null,"é\\n"],"b":{},"c":[]}',
        '{"price":1.10,"big":1e400,"long":0.1000000000000000055511151231257827}',
        '{"seed":9007199254740993,"t":1.0,"e":1E5}',
        '"\\ud800"',
        '{"1.10":1.10,"text":"1e400"}',
    ],
)
def test_a_document_is_written_as_it_was_read(text: str) -> None:
    assert json_text.write(json_text.read(text)).decode() == text


def test_an_exact_number_is_a_float() -> None:
    number = json_text.read("1.10")
    assert number == 1.1
    assert math.isclose(number + 1, 2.1)


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", "", "{", "[" * 100_000, b"\xff"])
def test_what_is_not_json_is_refused(text: str | bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - json's own words
        json_text.read(text)
    with pytest.raises(Failure) as caught:
        json_text.read_request(text if isinstance(text, bytes) else text.encode())
    assert caught.value.kind == FailureKind.INVALID_REQUEST


@pytest.mark.parametrize("value", [math.nan, {1, 2}, object()])
def test_what_json_does_not_have_is_not_written(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        json_text.write(value)
