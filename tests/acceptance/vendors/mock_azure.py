"""Mock of Azure OpenAI: deployments and API versions, the v1 API, keys and Entra tokens.

Sources: https://learn.microsoft.com/azure/ai-services/openai/reference,
https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle (v1),
https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow.
"""

import re
import secrets
import urllib.parse

import mock_openai
from vendor import expect_bearer
from wire import (Refusal, expect_header, expect_no_header, json_reply, require)

API_VERSION = "2024-10-21"
CLASSIC = re.compile(r"/openai/deployments/([^/]+)(/chat/completions|/embeddings)")
V1 = "/openai/v1"


class Azure(mock_openai.OpenAI):
    """`kind` is classic (deployments, api-version) or v1; both take a key or a token."""

    key = "azure-acceptance-0123456789abcdef"
    client_id = "11111111-2222-3333-4444-555555555555"
    client_secret = "azure~client~secret+with/odd&characters="
    scope = "https://cognitiveservices.azure.com/.default"
    deployment = "gpt-deployment"
    embedding_deployment = "embedding-deployment"

    def __init__(self, kind, credential="key"):
        self.kind = kind
        self.credential = credential
        self.name = f"azure-{kind}" if credential == "key" else f"azure-{credential}"
        self.tokens = set()
        if kind == "v1":
            # The v1 API takes the deployment's name as the model.
            self.model, self.embedding_model = self.deployment, self.embedding_deployment

    def reply(self, request):
        if request.path == "/tenant/oauth2/v2.0/token":
            return self.token(request)
        return super().reply(request)

    def authenticate(self, request):
        expect_no_header(request, "x-api-key", "openai-organization")
        if self.kind == "v1" and "authorization" in request.headers:
            # The documented way for OpenAI's own client: the key as a bearer token.
            expect_bearer(request, self.key)
        elif self.credential == "key":
            expect_header(request, "api-key", self.key)
            expect_no_header(request, "authorization")
        else:
            token = request.headers.get("authorization", "").removeprefix("Bearer ")
            require(token in self.tokens, "Unauthorized. Access token is missing, invalid, "
                    "audience is incorrect, or have expired.", 401)
            expect_no_header(request, "api-key")

    def operation(self, request):
        if self.kind == "v1":
            require(request.path.startswith(V1 + "/"), f"Resource not found {request.path}", 404)
            require(request.query.get("api-version", ["preview"]) in (["preview"], ["v1"]),
                    f"API version not supported: {request.raw_query}")
            return request.path[len(V1):]
        require(request.query == {"api-version": [API_VERSION]},
                f"query {request.raw_query!r} instead of api-version={API_VERSION}", 404)
        if request.path == "/openai/models":
            return "/models"
        found = CLASSIC.fullmatch(request.path)
        require(found, f"Resource not found {request.path}", 404)
        deployment = (self.embedding_deployment if found[2] == "/embeddings"
                      else self.deployment)
        require(found[1] == deployment, "The API deployment for this resource does not exist",
                404, "DeploymentNotFound")
        return found[2]

    def check_model(self, actual, expected):
        # Classic Azure takes the deployment from the path and does not look at `model`.
        if self.kind == "v1":
            super().check_model(actual, expected)

    def token(self, request):
        """The token endpoint of Entra ID: client credentials."""
        kind = request.headers.get("content-type", "").split(";")[0]
        require(kind == "application/x-www-form-urlencoded", f"AADSTS900144: {kind}")
        form = {name: values[0] for name, values in
                urllib.parse.parse_qs(request.body.decode(), True).items()}
        wanted = {"grant_type": "client_credentials", "client_id": self.client_id,
                  "client_secret": self.client_secret, "scope": self.scope}
        if form != wanted:
            raise Refusal(401, f"AADSTS7000215: invalid client: {form} instead of {wanted}",
                          "invalid_client")
        token = f"eyJ.{secrets.token_urlsafe(24)}.acceptance"
        self.tokens.add(token)
        return json_reply({"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599,
                           "access_token": token})
