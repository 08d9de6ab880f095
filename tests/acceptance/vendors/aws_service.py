"""What Amazon's services check before they read a request: the signature and the service's model.

The signature is computed again with the vendor's own package from what arrived. Sources:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html and
the service description inside of botocore.
"""

import base64
import binascii
import datetime
import hashlib
import re
import struct

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.session
import botocore.validate

from wire import require

AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, ?"
    r"SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})")
SKEW = datetime.timedelta(minutes=5)
MODEL = botocore.session.get_session().get_service_model("bedrock-runtime")


class Signer:
    """An access key and where it is good."""

    def __init__(self, access_key, secret_key, token, region, service):
        self.access_key = access_key
        self.token = token
        self.region = region
        self.service = service
        self.credentials = botocore.credentials.Credentials(access_key, secret_key, token)

    def check(self, request):
        found = AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
        require(found, "Missing Authentication Token", 403, "MissingAuthenticationTokenException")
        key, day, region, service, names, given = found.groups()
        require(key == self.access_key, "The security token included in the request is invalid.",
                403, "UnrecognizedClientException")
        require((region, service) == (self.region, self.service),
                f"Credential should be scoped to {self.region}/{self.service}, not "
                f"{region}/{service}", 403, "InvalidSignatureException")
        self.check_time(request, day)
        names = names.split(";")
        require(names == sorted(names), "SignedHeaders must be sorted", 403)
        needed = ["host", "x-amz-date"] + (["x-amz-security-token"] if self.token else [])
        needed += [n for n in request.headers if n.startswith("x-amz-") and n not in needed]
        missing = [name for name in needed if name not in names]
        require(not missing, f"headers that must be signed are not: {missing}", 403)
        require(request.headers.get("x-amz-security-token") == self.token,
                "The security token included in the request is invalid.", 403)
        require(given == self.signature(request, names),
                "The request signature we calculated does not match the signature you provided.",
                403, "InvalidSignatureException")

    def check_time(self, request, day):
        stamp = request.headers.get("x-amz-date", "")
        require(re.fullmatch(r"\d{8}T\d{6}Z", stamp), f"x-amz-date: {stamp!r}", 403)
        require(stamp[:8] == day, "Date in Credential scope does not match X-Amz-Date", 403)
        sent = datetime.datetime.strptime(stamp, "%Y%m%dT%H%M%SZ")
        now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
        require(abs(now - sent) < SKEW, f"Signature expired or not yet current: {stamp}", 403,
                "InvalidSignatureException")

    def signature(self, request, names) -> str:
        query = f"?{request.raw_query}" if request.raw_query else ""
        again = botocore.awsrequest.AWSRequest(
            request.method, f"http://{request.host}{request.path}{query}",
            {name: request.headers.get(name, "") for name in names}, request.body)
        again.context["timestamp"] = request.headers["x-amz-date"]
        digest = hashlib.sha256(request.body).hexdigest()
        if "x-amz-content-sha256" in request.headers:
            require(request.headers["x-amz-content-sha256"] == digest, "content hash", 403)
        auth = botocore.auth.SigV4Auth(self.credentials, self.service, self.region)
        return auth.signature(auth.string_to_sign(again, auth.canonical_request(again)), again)


def problems(operation, body, uri_members) -> list:
    """What is wrong with a JSON body for an operation of the service."""
    shape = MODEL.operation_model(operation).input_shape
    wrong = []
    params = _from_json(shape, body, "", wrong) | uri_members
    report = botocore.validate.ParamValidator().validate(params, shape)
    if report.has_errors():
        wrong += report.generate_report().splitlines()
    return wrong


def _from_json(shape, value, path, wrong):
    """JSON as the client's parameters; what JSON cannot be is added to `wrong`."""
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict):
        if getattr(shape, "is_document_type", False):
            return value
        if getattr(shape, "is_tagged_union", False) and len(value) != 1:
            wrong.append(f"{path}: exactly one of {sorted(shape.members)}, not {sorted(value)}")
        members = {m.serialization.get("name", n): (n, m) for n, m in shape.members.items()
                   if "location" not in m.serialization}
        found = {}
        for name, item in value.items():
            if name not in members:
                wrong.append(f"{path}.{name}: unknown member of {shape.name}")
                continue
            own, member = members[name]
            found[own] = _from_json(member, item, f"{path}.{name}", wrong)
        return found
    if kind == "list" and isinstance(value, list):
        return [_from_json(shape.member, v, f"{path}[{i}]", wrong) for i, v in enumerate(value)]
    if kind == "map" and isinstance(value, dict):
        return {k: _from_json(shape.value, v, f"{path}.{k}", wrong) for k, v in value.items()}
    if kind == "blob":
        try:
            return base64.b64decode(value, validate=True)
        except (binascii.Error, TypeError, ValueError):
            wrong.append(f"{path}: no base64")
            return b""
    if kind == "string" and shape.enum and value not in shape.enum:
        wrong.append(f"{path}: {value!r} is none of {shape.enum}")
    if kind == "float" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value


def frame(headers, payload: bytes) -> bytes:
    """One message of an event stream: lengths, headers, payload and their checksums.

    Source: https://docs.aws.amazon.com/transcribe/latest/dg/event-stream.html
    """
    head = b"".join(struct.pack(">B", len(n)) + n.encode() + b"\x07"
                    + struct.pack(">H", len(v)) + v.encode() for n, v in headers.items())
    prelude = struct.pack(">II", 16 + len(head) + len(payload), len(head))
    body = prelude + struct.pack(">I", binascii.crc32(prelude)) + head + payload
    return body + struct.pack(">I", binascii.crc32(body))
