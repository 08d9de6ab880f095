"""Checks of the mocks of the Gemini API and Vertex AI with Google's own client."""

import json

import google.auth.exceptions
import google.auth.transport.requests
from google import genai
from google.genai import types
from google.oauth2 import service_account

import story
from asked import TOOLS
from checks import CALLS, RESULTS, check, refused, rejects, same


def gemini_chat(client, model):
    declared = [types.Tool(function_declarations=[
        types.FunctionDeclaration(name=n, parameters_json_schema=s) for n, s in TOOLS.items()])]
    config = types.GenerateContentConfig(
        tools=declared, thinking_config=types.ThinkingConfig(include_thoughts=True),
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True))
    same(client.models.generate_content(model=model, contents="say hello").text, story.HELLO)
    stream = client.models.generate_content_stream(model=model, contents="say hello")
    same("".join(c.text or "" for c in stream), story.HELLO)
    image = types.Part.from_bytes(data=story.PNG, mime_type="image/png")
    same(client.models.generate_content(model=model, contents=["describe the image", image]).text,
         story.IMAGE)
    question = types.Content(role="user", parts=[types.Part(text="two tools")])
    first = client.models.generate_content(model=model, contents=[question], config=config)
    calls = first.function_calls
    same([(c.name, c.args) for c in calls], CALLS)
    results = [types.Part(function_response=types.FunctionResponse(
        id=c.id, name=c.name, response={"result": RESULTS[c.name]})) for c in calls]
    answers = types.Content(role="user", parts=results)
    history = [question, first.candidates[0].content, answers]
    same(client.models.generate_content(model=model, contents=history, config=config).text,
         story.FOUND_BOTH)
    for part in history[1].parts:
        part.thought_signature = None
    refused(genai.errors.ClientError, lambda: client.models.generate_content(
        model=model, contents=history, config=config))
    same(client.models.count_tokens(model=model, contents="x").total_tokens, 21)


@check("gemini")
def gemini(url, vendor):
    client = genai.Client(api_key=vendor["key"], vertexai=False,
                          http_options=types.HttpOptions(base_url=url))
    gemini_chat(client, vendor["model"])
    reply = client.models.embed_content(model=vendor["embedding_model"], contents=["a", "b"])
    same([e.values for e in reply.embeddings], [story.vector("a"), story.vector("b")])
    generate = f"{url}/v1beta/models/{vendor['model']}:generateContent"
    hello = [{"role": "user", "parts": [{"text": "say hello"}]}]
    key = {"x-goog-api-key": vendor["key"]}
    rejects(generate, {"contents": hello, "max_tokens": 5}, key)
    rejects(generate, {"contents": [{**hello[0], "role": "assistant"}]}, key)
    rejects(f"{generate}?key={vendor['key']}", {"contents": hello}, key)


@check("vertex")
def vertex(url, vendor):
    info = json.loads(vendor["service_account"])
    scopes = ["https://www.googleapis.com/auth/cloud-platform"]
    credentials = service_account.Credentials.from_service_account_info(info, scopes=scopes)
    credentials.refresh(google.auth.transport.requests.Request())
    client = genai.Client(vertexai=True, project=vendor["project"], location=vendor["location"],
                          credentials=credentials, http_options=types.HttpOptions(
                              base_url=url, api_version="v1"))
    gemini_chat(client, vendor["model"])
    reply = client.models.embed_content(model=vendor["embedding_model"], contents=["a", "b"])
    same([e.values for e in reply.embeddings], [story.vector("a"), story.vector("b")])
    narrow = service_account.Credentials.from_service_account_info(info, scopes=["email"])
    transport = google.auth.transport.requests.Request()
    refused(google.auth.exceptions.RefreshError, lambda: narrow.refresh(transport))
