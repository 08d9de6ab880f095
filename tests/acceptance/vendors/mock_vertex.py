"""Mock of Google Cloud's Vertex AI: Gemini's bodies, with the token endpoint of service accounts.

Sources: https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference,
.../text-embeddings-api, https://developers.google.com/identity/protocols/oauth2/service-account.
"""

import json
import re
import secrets
import time
import urllib.parse

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

import story
import typed
from mock_gemini import BODY, Gemini, check_contents
from wire import Refusal, expect_no_header, json_reply, require, require_none

INSTANCE = {"content": str, "task_type": str, "title": str, "mimeType": str}
# What the official client names as the audience, whatever `token_uri` says.
TOKEN_ENDPOINT = "https://oauth2.googleapis.com/token"


class Vertex(Gemini):
    """Vertex AI: the same bodies, other paths, and tokens of a service account."""

    name = "vertex"
    embedding_model = "text-embedding-005"
    gives_ids = False
    project = "acceptance-project"
    location = "europe-west4"
    email = "gateway@acceptance-project.iam.gserviceaccount.com"
    body_members = {**BODY, "labels": dict[str, str], "modelArmorConfig": dict[str, object]}

    def __init__(self):
        self.path = re.compile(
            f"/v1(?:beta1)?/projects/{self.project}/locations/{self.location}"
            r"/publishers/google/models/([^/:]+):([A-Za-z]+)")
        self.private_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.tokens = set()
        self.port = 0

    @property
    def token_uri(self):
        return f"http://127.0.0.1:{self.port}/token"

    @property
    def service_account(self) -> str:
        """The key file of a service account, as Google's console gives it."""
        pem = self.private_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption()).decode()
        return json.dumps({
            "type": "service_account", "project_id": self.project,
            "private_key_id": "acceptance-key-1", "private_key": pem,
            "client_email": self.email, "client_id": "1234567890",
            "auth_uri": "https://accounts.google.com/o/oauth2/auth",
            "token_uri": self.token_uri, "universe_domain": "googleapis.com"})

    def reply(self, request):
        if request.path == "/token":
            return self.token(request)
        return super().reply(request)

    def authenticate(self, request):
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        require(token in self.tokens, "Request had invalid authentication credentials. Expected "
                "OAuth 2 access token", 401)
        expect_no_header(request, "x-goog-api-key", "x-api-key")

    def token(self, request):
        """Exchanges a signed assertion for an access token, RFC 7523."""
        kind = request.headers.get("content-type", "").split(";")[0]
        require(kind == "application/x-www-form-urlencoded", f"content-type {kind!r}")
        form = urllib.parse.parse_qs(request.body.decode())
        require(form.get("grant_type") == ["urn:ietf:params:oauth:grant-type:jwt-bearer"],
                "unsupported_grant_type")
        try:
            assertion = form["assertion"][0]
            claims = jwt.decode(assertion, self.private_key.public_key(), algorithms=["RS256"],
                                audience=[self.token_uri, TOKEN_ENDPOINT], issuer=self.email,
                                options={"require": ["exp", "iat", "aud", "iss", "scope"]})
            head = jwt.get_unverified_header(assertion)
        except (KeyError, jwt.InvalidTokenError) as problem:
            raise Refusal(400, f"invalid_grant: {problem!r}") from problem
        require(head.get("kid") in (None, "acceptance-key-1"), f"invalid_grant: kid {head}")
        require(claims["exp"] - claims["iat"] <= 3600, "invalid_grant: exp over one hour")
        require(abs(time.time() - claims["iat"]) < 300, "invalid_grant: iat is not now")
        require("https://www.googleapis.com/auth/cloud-platform" in claims["scope"].split(),
                f"invalid_scope: {claims['scope']}")
        token = f"ya29.{secrets.token_urlsafe(24)}"
        self.tokens.add(token)
        return json_reply({"access_token": token, "expires_in": 3599, "token_type": "Bearer"})

    def count(self, body):
        members = {**self.body_members, "model": str, "instances": list}
        require_none(typed.unknown_or_wrong(body, members, ("contents",)))
        check_contents(body["contents"], self.gives_ids)
        return json_reply({"totalTokens": story.INPUT_TOKENS, "totalBillableCharacters": 40})

    def embed(self, method, body):
        require(method == "predict", f"method {method}", 404)
        require_none(typed.unknown_or_wrong(body, {"instances": list, "parameters": dict},
                                            ("instances",)))
        for instance in body["instances"]:
            require_none(typed.unknown_or_wrong(instance, INSTANCE, ("content",), "instances[]"))
        require(0 < len(body["instances"]) <= 250, "at most 250 instances")
        size = (body.get("parameters") or {}).get("outputDimensionality", 8)
        predictions = [{"embeddings": {"values": story.vector(i["content"], size), "statistics": {
            "token_count": 1, "truncated": False}}} for i in body["instances"]]
        return json_reply({"predictions": predictions, "metadata": {"billableCharacterCount": 1}})
