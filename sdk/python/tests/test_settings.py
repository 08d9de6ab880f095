"""Settings: what fits, and how what does not is named."""

from dataclasses import dataclass, field

import pytest

from patchbay_sdk import Failure, FailureKind, settings


@dataclass
class Limits:
    depth: int
    share: float = 1.0


@dataclass
class Sample:
    limits: Limits
    team: str = "none"
    region: str | None = None
    tags: list[str] = field(default_factory=list)
    routes: dict[str, Limits] = field(default_factory=dict)
    strict: bool = False


def test_all_that_fits_is_read() -> None:
    text = """{"limits": {"depth": 3, "share": 2}, "region": null, "tags": ["a"],
               "routes": {"x": {"depth": 1}}, "strict": true, "of_another": 1}"""
    read = settings.read(text, Sample)
    assert read == Sample(Limits(3, 2.0), tags=["a"], routes={"x": Limits(1)}, strict=True)
    assert isinstance(read.limits.share, float)


@pytest.mark.parametrize(
    ("text", "member"),
    [
        ('{"limits": {"depth": "x"}}', "settings.limits.depth"),
        ('{"limits": {"depth": true}}', "settings.limits.depth"),
        ('{"limits": {"depth": 1.5}}', "settings.limits.depth"),
        ('{"limits": {}}', "settings.limits"),
        ('{"limits": {"depth": 1}, "region": 7}', "settings.region"),
        ('{"limits": {"depth": 1}, "tags": ["a", 1]}', "settings.tags[1]"),
        ('{"limits": {"depth": 1}, "routes": {"x": {}}}', "settings.routes.x"),
        ('{"limits": {"depth": 1}, "strict": 1}', "settings.strict"),
        ('{"limit": {}}', "settings"),
        ("[]", "settings"),
        ("[", "settings"),
        ("", "settings"),
    ],
)
def test_a_setting_that_does_not_fit_is_named(text: str, member: str) -> None:
    with pytest.raises(Failure) as caught:
        settings.read(text, Sample)
    assert caught.value.kind == FailureKind.PROVIDER_MISCONFIGURED
    assert caught.value.param == member
    assert member in caught.value.message


def test_empty_settings_are_an_empty_object() -> None:
    assert settings.read(" ", Nothing) == Nothing()


@dataclass
class Nothing:
    pass
