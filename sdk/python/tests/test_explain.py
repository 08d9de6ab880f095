"""Error replies: what each means."""

from typing import Any

import pytest
from fixtures_of import fixtures

from patchbay_sdk import Failure, FailureKind, ResponseHead, explain, models


@pytest.mark.parametrize("fixture", fixtures("explain"), ids=lambda it: it["name"])
def test_each_reply_has_its_failure(fixture: dict[str, Any]) -> None:
    head = ResponseHead(fixture["input"]["status"])
    for name, value in fixture["input"]["headers"]:
        head = head.with_header(name, value)
    failure = vars(explain.reply(head, fixture["input"]["body"].encode()))
    expected = fixture["expected"]
    if expected["message"] is None:
        del expected["message"]
    assert {name: failure[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        ('{"error":{"message":"m","code":503}}', FailureKind.UPSTREAM_OVERLOADED),
        ('{"error":{"message":"m","type":"rate_limit_error"}}', FailureKind.UPSTREAM_RATE_LIMITED),
        ('{"error":{"message":"sk-abc","type":"authentication_error"}}', FailureKind.UPSTREAM_AUTH),
        ('{"error":"out of memory"}', FailureKind.UPSTREAM_ERROR),
        ('{"id":"x","choices":[],"error":null}', None),
        ('{"id":"x","choices":[{"message":{"content":"error"}}]}', None),
        ("[DONE]", None),
    ],
)
def test_an_error_instead_of_an_answer_is_found(document: str, kind: FailureKind | None) -> None:
    failure = explain.error_instead_of_answer(document.encode())
    assert (failure.kind if failure else None) == kind
    assert "sk-abc" not in str(failure)


@pytest.mark.parametrize(
    "body",
    [
        '{"object":"list","data":[{"id":"a","object":"model"},{"id":"b/c"},{"id":"a"}]}',
        '[{"id":"a"},{"id":"b/c"}]',
        '["a","b/c"]',
        '{"models":[{"name":"a","model":"a"},{"name":"b/c"}]}',
        '{"models":[{"name":"other"}],"data":[{"id":"a","meta":{}},{"id":"b/c"},1]}',
    ],
)
def test_the_known_shapes_of_model_lists_are_read(body: str) -> None:
    assert models.read_ids(ResponseHead(), body.encode()) == ["a", "b/c"]


@pytest.mark.parametrize("body", ["", "<html>", "{}", '{"data":1}', '{"error":"down"}'])
def test_what_is_no_model_list_is_the_providers_failure(body: str) -> None:
    with pytest.raises(Failure) as caught:
        models.read_ids(ResponseHead(), body.encode())
    assert caught.value.kind == FailureKind.UPSTREAM_ERROR
