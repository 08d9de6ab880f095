"""Checks of the mock of Amazon Bedrock with AWS's own client, which signs by itself."""

import json

import boto3
import botocore.config

import story
from asked import TOOLS
from checks import CALLS, RESULTS, check, refused, same


@check("bedrock")
def bedrock(url, vendor):
    def connect(**changes):
        options = {"region_name": vendor["region"], "aws_access_key_id": vendor["access_key"],
                   "aws_secret_access_key": vendor["secret_key"],
                   "aws_session_token": vendor["session_token"], **changes}
        once = botocore.config.Config(retries={"total_max_attempts": 1}, proxies={})
        return boto3.client("bedrock-runtime", endpoint_url=url, config=once, **options)

    client = connect()
    model = vendor["model"]
    hello = [{"role": "user", "content": [{"text": "say hello"}]}]
    reply = client.converse(modelId=model, messages=hello)
    same(reply["output"]["message"]["content"][0]["text"], story.HELLO)
    same(collect(client.converse_stream(modelId=model, messages=hello)), [{"text": story.HELLO}])
    image = {"image": {"format": "png", "source": {"bytes": story.PNG}}}
    asked = [{"role": "user", "content": [{"text": "describe the image"}, image]}]
    reply = client.converse(modelId=model, messages=asked)
    same(reply["output"]["message"]["content"][0]["text"], story.IMAGE)
    tools = {"tools": [{"toolSpec": {"name": n, "inputSchema": {"json": s}}}
                       for n, s in TOOLS.items()]}
    options = {"modelId": model, "toolConfig": tools, "inferenceConfig": {"maxTokens": 2048},
               "additionalModelRequestFields": {"thinking": {"type": "enabled",
                                                             "budget_tokens": 1024}}}
    asked = [{"role": "user", "content": [{"text": "two tools"}]}]
    whole = client.converse(messages=asked, **options)["output"]["message"]["content"]
    same(collect(client.converse_stream(messages=asked, **options)), whole)
    uses = [b["toolUse"] for b in whole if "toolUse" in b]
    same([(u["name"], u["input"]) for u in uses], CALLS)
    results = [{"toolResult": {"toolUseId": u["toolUseId"],
                               "content": [{"text": RESULTS[u["name"]]}]}} for u in uses]
    history = [*asked, {"role": "assistant", "content": whole},
               {"role": "user", "content": results}]
    reply = client.converse(messages=history, **options)
    same(reply["output"]["message"]["content"][0]["text"], story.FOUND_BOTH)
    same(client.count_tokens(modelId=model, input={"converse": {"messages": hello}})
         ["inputTokens"], 21)
    titan = client.invoke_model(modelId=vendor["embedding_model"],
                                body=json.dumps({"inputText": "a"}))
    same(json.loads(titan["body"].read())["embedding"], story.vector("a"))
    blank = [{"role": "user", "content": [{"text": " "}]}]
    refused(client.exceptions.ValidationException,
            lambda: client.converse(modelId=model, messages=blank))
    for wrong in ({"aws_secret_access_key": "wrong"}, {"region_name": "us-east-1"},
                  {"aws_session_token": None}):
        refused(client.exceptions.ClientError, lambda wrong=wrong: connect(**wrong).converse(
            modelId=model, messages=hello))
    refused(client.exceptions.ThrottlingException, lambda: client.converse(
        modelId=model, messages=[{"role": "user", "content": [{"text": "be rate limited"}]}]))


def collect(reply) -> list:
    """The content blocks of a stream."""
    found = {}
    for event in reply["stream"]:
        if start := event.get("contentBlockStart"):
            found[start["contentBlockIndex"]] = {"toolUse": {**start["start"]["toolUse"],
                                                             "input": ""}}
        if delta := event.get("contentBlockDelta"):
            block = found.setdefault(delta["contentBlockIndex"], {})
            match delta["delta"]:
                case {"text": text}:
                    block["text"] = block.get("text", "") + text
                case {"toolUse": use}:
                    block["toolUse"]["input"] += use["input"]
                case {"reasoningContent": piece}:
                    inner = block.setdefault("reasoningContent", {"reasoningText": {}})
                    for name, text in piece.items():
                        text_so_far = inner["reasoningText"].get(name, "")
                        inner["reasoningText"][name] = text_so_far + text
    for block in found.values():
        if "toolUse" in block:
            block["toolUse"]["input"] = json.loads(block["toolUse"]["input"] or "{}")
    return [found[index] for index in sorted(found)]
