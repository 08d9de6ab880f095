"""Checks the requests that the dialects' own tests expect against the vendors' published types.

Those golden files are written by our encoders and read by people; here every vendor's package
reads them too.

Usage: golden.py PLUGINS
"""

import json
import pathlib
import sys

from anthropic.types import message_count_tokens_params, message_create_params
from huggingface_hub.inference._generated.types.text_generation import TextGenerationInput
from ollama import _types
from openai.types.responses import response_create_params

import aws_service
import mock_anthropic
import mock_cohere
import mock_gemini
import mock_ollama
import typed
from wire import Refusal

# What the SDK's case `unknown_members` sends on purpose, and a dialect carries on purpose.
ON_PURPOSE = ("brand_new", "top_k")
BEDROCK = {"modelId": "anthropic.claude-sonnet-4-5-20250929-v1:0"}


def anthropic_messages(body):
    body = without(body, mock_anthropic.SAMPLING)
    if "max_tokens" not in body:
        return typed.problems(message_count_tokens_params.MessageCountTokensParams, body)
    return typed.problems(
        message_create_params.MessageCreateParamsStreaming if body.get("stream")
        else message_create_params.MessageCreateParamsNonStreaming, body)


def openai_responses(body):
    return typed.problems(
        response_create_params.ResponseCreateParamsStreaming if body.get("stream")
        else response_create_params.ResponseCreateParamsNonStreaming, without(body, ON_PURPOSE))


def gemini(body):
    if "requests" in body:
        return [problem for one in body["requests"] for problem in
                typed.unknown_or_wrong(one, mock_gemini.EMBED, ("model", "content"))]
    if "contents" in body or "generateContentRequest" in body:
        inner = without(body.get("generateContentRequest", body), ("model",))
        return typed.unknown_or_wrong(inner, mock_gemini.BODY, ("contents",))
    return []  # Vertex AI's embeddings, for which the package has no type


def cohere_chat(body):
    return typed.unknown_or_wrong(body, *(mock_cohere.CHAT if "messages" in body
                                          else mock_cohere.EMBED))


def ollama_chat(body):
    if "messages" not in body:
        return typed.problems(_types.EmbedRequest, body)
    mock_ollama.read_tools(body)
    found = typed.problems(_types.ChatRequest, without(body, ("tools", "messages")))
    found += typed.problems(_types.Options, body.get("options") or {}, "options")
    for message in body["messages"]:
        found += typed.problems(_types.Message, mock_ollama.known(message))
    return found


def tgi(body):
    return typed.problems(TextGenerationInput, body)


def bedrock_converse(body):
    if "messages" in body:
        return aws_service.problems("Converse", body, BEDROCK)
    if "input" in body:
        return aws_service.problems("CountTokens", body, BEDROCK)
    return []  # InvokeModel's bodies are the models' own; the package has no type for them


DIALECTS = {"anthropic-messages": anthropic_messages, "openai-responses": openai_responses,
            "gemini-dialect": gemini, "cohere-chat": cohere_chat, "ollama-chat": ollama_chat,
            "tgi-dialect": tgi, "bedrock-converse": bedrock_converse}


def without(body, names) -> dict:
    return {name: value for name, value in body.items() if name not in names}


def main(plugins) -> int:
    good = failed = 0
    for dialect, check in DIALECTS.items():
        files = sorted(pathlib.Path(plugins, dialect, "tests/golden/requests").glob("*.json"))
        if not files:
            print(f"  {dialect}: there are no golden requests")
            failed += 1
        for file in files:
            body = json.loads(file.read_text()).get("body")
            if not isinstance(body, dict):
                continue  # a request that is refused or goes out as it came
            try:
                found = check(body)
            except Refusal as refusal:
                found = [refusal.message]
            good, failed = good + (not found), failed + bool(found)
            if found:
                print(f"  {dialect} {file.stem}: {'; '.join(found[:4])}")
    print(f"golden requests against the vendors' types: {good} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
