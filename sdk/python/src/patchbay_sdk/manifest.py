"""A plugin's manifest, checked before a gateway sees it.

The gateway has the last word; what stands here are its rules, and that an operator is told what
a plugin is for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from . import vectors

CONTRACT = "0.1"
"""The version of the contract that this SDK binds."""

SDK_VERSION = "0.1.0"
"""The version of this SDK; the package's own."""

MAX_BYTES = 256 * 1024

_NAME_RULE = 'is not 1 to 64 lower-case letters, digits and "-"'
_OPERATIONS = ("chat", "embeddings", "count-tokens")
_PLAIN_USES = ("bearer", "basic", "aws-sigv4", "gcp-service-account", "oauth2-client-credentials")
_OWN_PATHS = ("chat/completions", "embeddings", "models")

_HEAD = {
    "name": str,
    "version": str,
    "kind": str,
    "contract": str,
    "description": str,
    "dialect": dict,
    "adapter": dict,
    "credentials": list,
    "settings": dict,
    "limits": dict,
    "sdk": dict,
    "self_test": list,
}
_DIALECT = {"name": str, "operations": list, "endpoints": list}
_ADAPTER = {"default_dialect": str, "presets": dict}
_PRESET = {"description": str, "base_url": str, "dialect": str, "settings": dict, "sandbox": dict}
_CREDENTIAL = {"slot": str, "uses": list, "required": bool, "hint": str}
_LIMITS = {"memory_bytes": int, "call_ms": int}
_SDK = {"name": str, "version": str, "language": str}


def problems(text: str | bytes) -> list[str]:
    """Everything that a gateway would refuse the manifest for, and a missing description."""
    if len(text) > MAX_BYTES:
        return [f"it is over {MAX_BYTES} bytes"]
    try:
        manifest = json.loads(text)
    except ValueError as error:
        return [f"it is not JSON: {error}"]
    shape = list(_shape("", manifest, _HEAD, ("name", "version", "kind", "contract")))
    # The rules below read members by their types.
    return shape or [*_head(manifest), *_kind(manifest), *_credentials(manifest), *_rest(manifest)]


def _shape(
    path: str, value: Any, members: Mapping[str, type], required: tuple[str, ...]
) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path or 'the manifest'} has to be an object"
        return
    for name in required:
        if value.get(name) is None:
            yield f"{path}{name} is missing"
    for name, member in value.items():
        kind = members.get(name)
        if kind is None:
            yield f"{path}{name} is not a member of a manifest; leave it out"
        elif member is not None and type(member) is not kind:
            yield f"{path}{name} has to be of the JSON type of a Python {kind.__name__}"


def _head(manifest: dict[str, Any]) -> Iterator[str]:
    name, version, contract = (manifest[it] for it in ("name", "version", "contract"))
    if not _is_name(name):
        yield f'name "{name}" {_NAME_RULE}'
    if not re.fullmatch(r"[!-~]{1,64}", version):
        yield f'version "{version}" is not like 1.2.3'
    if contract != CONTRACT:
        yield f'contract "{contract}" is not "{CONTRACT}"'
    if not manifest.get("description"):
        yield "description tells an operator nothing"


def _kind(manifest: dict[str, Any]) -> Iterator[str]:
    kind = manifest["kind"]
    dialect, adapter = manifest.get("dialect"), manifest.get("adapter")
    if kind not in ("normalizer", "http-adapter", "process-adapter"):
        yield f'kind "{kind}" is none of normalizer, http-adapter, process-adapter'
    elif (kind == "normalizer") != (dialect is not None) or (kind == "normalizer") == (
        adapter is not None
    ):
        yield "a normalizer has the member dialect, an adapter the member adapter"
    if dialect is not None:
        yield from _dialect(dialect)
    if adapter is not None:
        yield from _adapter(adapter)


def _dialect(dialect: dict[str, Any]) -> Iterator[str]:
    shape = list(_shape("dialect.", dialect, _DIALECT, ("name", "operations")))
    yield from shape
    if shape:
        return
    operations, endpoints = dialect["operations"], dialect.get("endpoints") or []
    if not _is_name(dialect["name"]):
        yield f'dialect "{dialect["name"]}" {_NAME_RULE}'
    if not operations and not endpoints:
        yield "a dialect has operations, endpoints or both"
    if any(name not in _OPERATIONS for name in operations):
        yield f"dialect.operations are out of {', '.join(_OPERATIONS)}"
    for endpoint in endpoints:
        if not _is_endpoint(endpoint):
            yield f'endpoint "{endpoint}" is not "POST /v1/" and a path that is not the gateway\'s'
        if endpoints.count(endpoint) > 1:
            yield f'endpoint "{endpoint}" is there twice'


def _is_endpoint(endpoint: Any) -> bool:
    path = str(endpoint).removeprefix("POST /v1/")
    own = any(path == it or path.startswith(f"{it}/") for it in _OWN_PATHS)
    is_path = re.fullmatch(r"POST /v1/[a-z0-9_-]+(/[a-z0-9_-]+)*", str(endpoint))
    return is_path is not None and len(path) <= 128 and not own


def _adapter(adapter: dict[str, Any]) -> Iterator[str]:
    shape = list(_shape("adapter.", adapter, _ADAPTER, ("default_dialect",)))
    yield from shape
    if shape:
        return
    if not _is_name(adapter["default_dialect"]):
        yield f'dialect "{adapter["default_dialect"]}" {_NAME_RULE}'
    for name, preset in (adapter.get("presets") or {}).items():
        path = f"adapter.presets.{name}"
        yield from _shape(f"{path}.", preset, _PRESET, ("description",))
        if not _is_name(name):
            yield f'preset "{name}" {_NAME_RULE}'
        known = preset if isinstance(preset, dict) else {}
        if not _is_name(known.get("dialect") or "any"):
            yield f"{path}.dialect {_NAME_RULE}"
        if not str(known.get("base_url") or "https://").startswith(("https://", "http://")):
            yield f"{path}.base_url has to start with https:// or http://"


def _credentials(manifest: dict[str, Any]) -> Iterator[str]:
    slots: list[Any] = []
    for at, credential in enumerate(manifest.get("credentials") or []):
        path = f"credentials[{at}]"
        shape = list(_shape(f"{path}.", credential, _CREDENTIAL, ("slot", "uses")))
        yield from shape
        if shape:
            continue
        slot, uses = credential["slot"], credential["uses"]
        if not _is_name(slot.replace("_", "-")):
            yield f'{path}.slot "{slot}" {_NAME_RULE} or "_"'
        if slot in slots:
            yield f'slot "{slot}" is declared twice'
        slots.append(slot)
        if not uses or not all(_is_use(manifest["kind"], use) for use in uses):
            yield (
                f'uses of slot "{slot}": an HTTP adapter has {", ".join(_PLAIN_USES)}, '
                "header:NAME and query:NAME, a process adapter env:NAME, a normalizer no slot"
            )
        if credential.get("required") and not credential.get("hint"):
            yield f'the required slot "{slot}" has no hint for the operator'


def _is_use(kind: str, use: Any) -> bool:
    if kind == "process-adapter":
        return re.fullmatch(r"env:[A-Za-z0-9_-]{1,128}", str(use)) is not None
    named = re.fullmatch(r"(header|query):[A-Za-z0-9_-]{1,128}", str(use))
    return kind == "http-adapter" and (use in _PLAIN_USES or named is not None)


def _rest(manifest: dict[str, Any]) -> Iterator[str]:
    limits, sdk = manifest.get("limits"), manifest.get("sdk")
    if limits is not None:
        yield from _shape("limits.", limits, _LIMITS, ())
        if 0 in limits.values():
            yield "limits of 0 let nothing run"
    if sdk is not None:
        yield from _shape("sdk.", sdk, _SDK, tuple(_SDK))
    yield from vectors.problems(manifest.get("self_test") or [], manifest["kind"])


def _is_name(name: Any) -> bool:
    return re.fullmatch(r"[a-z0-9-]{1,64}", str(name)) is not None
