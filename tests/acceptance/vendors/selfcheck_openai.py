"""Checks of the mocks of OpenAI and Azure with OpenAI's own client."""

import json
import urllib.error
import urllib.parse

import openai

import story
from asked import DATA_URL, TOOLS
from checks import CALLS, DIRECT, RESULTS, check, refused, same


def openai_chat(client, model):
    tools = [{"type": "function", "function": {"name": n, "parameters": s}}
             for n, s in TOOLS.items()]
    create = client.chat.completions.create
    user = [{"role": "user", "content": "say hello"}]
    same(create(model=model, messages=user).choices[0].message.content, story.HELLO)
    chunks = list(create(model=model, messages=user, stream=True,
                         stream_options={"include_usage": True}))
    same("".join(c.choices[0].delta.content or "" for c in chunks if c.choices), story.HELLO)
    same(chunks[-1].usage.total_tokens, 34)
    image = [{"type": "text", "text": "describe the image"},
             {"type": "image_url", "image_url": {"url": DATA_URL}}]
    same(create(model=model, messages=[{"role": "user", "content": image}])
         .choices[0].message.content, story.IMAGE)
    user = [{"role": "user", "content": "two tools"}]
    with client.chat.completions.stream(model=model, messages=user, tools=tools) as stream:
        first = stream.get_final_completion().choices[0].message
    same([(c.function.name, json.loads(c.function.arguments)) for c in first.tool_calls], CALLS)
    first = create(model=model, messages=user, tools=tools).choices[0].message
    results = [{"role": "tool", "tool_call_id": c.id, "content": RESULTS[c.function.name]}
               for c in first.tool_calls]
    history = [*user, first.model_dump(exclude_none=True), *results]
    same(create(model=model, messages=history, tools=tools).choices[0].message.content,
         story.FOUND_BOTH)
    refused(openai.BadRequestError,
            lambda: create(model=model, messages=history[:-1], tools=tools))
    refused(openai.BadRequestError, lambda: create(
        model=model, messages=user, tools=tools, extra_body={"new_member": 1}))
    refused(openai.RateLimitError, lambda: create(
        model=model, messages=[{"role": "user", "content": "be rate limited"}]))


def openai_embeddings(client, model):
    for options in ({}, {"encoding_format": "float"}):
        reply = client.embeddings.create(model=model, input=["a", "b"], **options)
        same([item.embedding for item in reply.data], [story.vector("a"), story.vector("b")])


@check("openai")
def openai_everything(url, vendor):
    client = openai.OpenAI(base_url=f"{url}/v1", api_key=vendor["key"], max_retries=0)
    openai_chat(client, vendor["model"])
    openai_embeddings(client, vendor["embedding_model"])
    openai_responses(client, vendor["model"])


def openai_responses(client, model):
    tools = [{"type": "function", "name": n, "parameters": s, "strict": False}
             for n, s in TOOLS.items()]
    same(client.responses.create(model=model, input="say hello").output_text, story.HELLO)
    with client.responses.stream(model=model, input="say hello") as stream:
        same(stream.get_final_response().output_text, story.HELLO)
    image = [{"role": "user", "content": [
        {"type": "input_text", "text": "describe the image"},
        {"type": "input_image", "image_url": DATA_URL, "detail": "auto"}]}]
    same(client.responses.create(model=model, input=image).output_text, story.IMAGE)
    options = {"model": model, "tools": tools, "store": False,
               "reasoning": {"effort": "low", "summary": "auto"},
               "include": ["reasoning.encrypted_content"]}
    for streams in (False, True):
        question = [{"role": "user", "content": "two tools"}]
        if streams:
            with client.responses.stream(input=question, **options) as stream:
                first = stream.get_final_response()
        else:
            first = client.responses.create(input=question, **options)
        calls = [item for item in first.output if item.type == "function_call"]
        same([(c.name, json.loads(c.arguments)) for c in calls], CALLS)
        history = question + [i.to_dict() for i in first.output] + [
            {"type": "function_call_output", "call_id": c.call_id, "output": RESULTS[c.name]}
            for c in calls]
        for item in history:
            item.pop("parsed_arguments", None)
        same(client.responses.create(input=history, **options).output_text, story.FOUND_BOTH)
        lost = [i for i in history if i.get("type") != "reasoning"]
        refused(openai.BadRequestError,
                lambda lost=lost: client.responses.create(input=lost, **options))


@check("azure-classic")
def azure_classic(url, vendor):
    client = openai.AzureOpenAI(azure_endpoint=url, api_key=vendor["key"],
                                api_version="2024-10-21", max_retries=0)
    openai_chat(client, vendor["deployment"])
    openai_embeddings(client, vendor["embedding_deployment"])
    old = openai.AzureOpenAI(azure_endpoint=url, api_key=vendor["key"], api_version="2020-01-01",
                             max_retries=0)
    refused(openai.NotFoundError, lambda: old.chat.completions.create(
        model=vendor["deployment"], messages=[{"role": "user", "content": "say hello"}]))


@check("azure-v1")
def azure_v1(url, vendor):
    client = openai.OpenAI(base_url=f"{url}/openai/v1", api_key=vendor["key"], max_retries=0)
    openai_chat(client, vendor["deployment"])
    openai_embeddings(client, vendor["embedding_deployment"])


@check("azure-entra")
def azure_entra(url, vendor):
    form = {"grant_type": "client_credentials", "client_id": vendor["client_id"],
            "client_secret": vendor["client_secret"], "scope": vendor["scope"]}
    token_url = f"{url}/tenant/oauth2/v2.0/token"

    def token(**changes):
        body = urllib.parse.urlencode({**form, **changes}).encode()
        with DIRECT.open(token_url, body) as reply:
            return json.load(reply)["access_token"]

    client = openai.AzureOpenAI(azure_endpoint=url, azure_ad_token_provider=token,
                                api_version="2024-10-21", max_retries=0)
    openai_chat(client, vendor["deployment"])
    refused(urllib.error.HTTPError, lambda: token(client_secret="wrong"))
