"""What encoders need: naming what is lost, addresses of content, texts of messages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import quote

from .failure import Failure
from .json_text import Object
from .json_text import read_request as read

__all__ = ["DataUrl", "Dropped", "content_parts", "messages", "objects", "path_segment", "read"]


class Dropped:
    """The paths of members that a dialect cannot express, each once, in order.

    Bounded: a long chat with an image in every message has no end of them.

    >>> dropped = Dropped()
    >>> dropped.add("seed")
    >>> dropped.add_members("", {"logit_bias": {}, "n": None})
    >>> dropped.paths
    ['seed', 'logit_bias']
    """

    MAX: ClassVar[int] = 64

    def __init__(self) -> None:
        self.paths: list[str] = []

    def add(self, path: str) -> None:
        """Names a member."""
        if len(self.paths) < self.MAX and path not in self.paths:
            self.paths.append(path)

    def add_members(self, prefix: str, members: Object) -> None:
        """Names the members of an object that nobody took, but for those of `null`.

        Names that no header can carry are left out.
        """
        for name, value in members.items():
            if value is not None and re.fullmatch(r"[!-~]+", name):
                self.add(prefix + name)


@dataclass(frozen=True)
class DataUrl:
    """Content inside an address: `data:image/png;base64,…` (RFC 2397)."""

    media_type: str
    """`image/png`; parameters are left out."""
    base64: str
    """The content in base64, as it was written."""

    @classmethod
    def parse(cls, url: str) -> DataUrl | None:
        """Reads an address; none if it is none, or its content is not base64.

        >>> DataUrl.parse("data:image/png;base64,AA==")
        DataUrl(media_type='image/png', base64='AA==')
        """
        scheme, _, rest = url.partition(":")
        head, comma, content = rest.partition(",")
        media, semicolon, coding = head.rpartition(";")
        is_base64 = bool(semicolon) and coding.strip() == "base64"
        if scheme.lower() != "data" or not comma or not is_base64:
            return None
        if not re.fullmatch(r"[A-Za-z0-9+/=_-]*", content):
            return None
        return cls(media.split(";")[0].strip() or "text/plain", content)


def path_segment(text: str) -> str:
    """A text as one segment of a path, or a value of a query.

    >>> path_segment("a/b:c 1.5")
    'a%2Fb%3Ac%201.5'
    """
    segment = quote(text, safe="", errors="replace")
    # A path must not climb.
    return segment.replace(".", "%2E") if segment in (".", "..") else segment


def objects(value: Any, path: str) -> list[Object]:
    """A list of objects, such as `tools`; null is an empty one.

    Raises: `Failure` of kind `invalid-request`, naming the path, for anything else.
    """
    if value is None:
        return []
    if not isinstance(value, list):
        raise Failure.invalid_request(path, f"{path} has to be a list")
    for at, item in enumerate(value):
        if not isinstance(item, dict):
            place = f"{path}[{at}]"
            raise Failure.invalid_request(place, f"{place} has to be an object")
    return value


def messages(chat: Object) -> list[Object]:
    """Takes the messages out of a chat request; each has a role that is a text.

    Raises: `Failure` of kind `invalid-request`, naming what is wrong.
    """
    found = objects(chat.pop("messages", None), "messages")
    for at, message in enumerate(found):
        if not isinstance(message.get("role"), str):
            path = f"messages[{at}].role"
            raise Failure.invalid_request(path, f"{path} has to be a text")
    return found


def content_parts(content: Any, path: str) -> list[Object]:
    """A message's content as a list of parts: text alone is one part, null is none.

    Raises: `Failure` of kind `invalid-request` for anything else.
    """
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return objects(content, path)
