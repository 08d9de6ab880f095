"""What mock vendors have in common: where scenarios become replies and refusals."""

import json
import re

import story
from wire import Refusal, Reply, expect_header, require

TOOL_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
# Kind of trouble to (status, message); a vendor names its own code in `codes`.
TROUBLES = {
    "rate-limited": (429, "You have sent too many requests."),
    "overloaded": (503, "The model is overloaded. Please try again later."),
    "too-long": (400, "The prompt is too long for the model's context window."),
}


class Vendor:
    """A mock vendor. `reply` answers, `error_body` is the vendor's error form."""

    name = ""
    key = ""
    troubles: dict = {}

    def reply(self, request) -> Reply:
        raise NotImplementedError

    def error_body(self, status, message, code) -> dict:
        raise NotImplementedError

    def answer(self, request) -> Reply:
        try:
            return self.reply(request)
        except story.Broken as broken:
            raise Refusal(400, str(broken)) from broken
        except story.Trouble as trouble:
            status, message = TROUBLES[trouble.kind]
            code = None
            if trouble.kind in self.troubles:
                status, code, message = self.troubles[trouble.kind]
            headers = {}
            if trouble.kind == "rate-limited":
                headers["retry-after"] = str(story.RETRY_AFTER)
            raise Refusal(status, message, code, headers, is_violation=False) from trouble

    def refuse(self, refusal) -> Reply:
        body = self.error_body(refusal.status, refusal.message, refusal.code)
        headers = {**self.error_headers(refusal.status, refusal.code), **refusal.headers}
        return Reply(json.dumps(body).encode(), status=refusal.status, headers=headers)

    def error_headers(self, _status, _code) -> dict:
        return {}


def expect_bearer(request, key):
    expect_header(request, "authorization", f"Bearer {key}")


def check_tool_names(names):
    for name in names:
        require(TOOL_NAME.fullmatch(name), f"tool name {name!r}")


def parsed(text, where):
    """JSON text inside of JSON."""
    try:
        return json.loads(text)
    except (ValueError, TypeError) as problem:
        raise Refusal(400, f"{where} is no JSON text: {text!r}") from problem


def data_url(url):
    """(media type, bytes) of a data: URL."""
    found = re.fullmatch(r"data:([a-z0-9.+/-]+);base64,(.*)", url)
    require(found, f"the image {url[:40]!r} is no data: URL in base64")
    return found[1], story.decoded(found[2])
