"""Writes the gateway's configuration and the clients' plan for the stage `vendors`.

Every provider stands twice: a second time as ID-faults, so that failures provoked on purpose
cool down or trip that one only.

Usage: configuration.py MOCKS GATEWAY_URL CALLER_KEY FOLDER
    MOCKS   what server.py printed, a file
    FOLDER  gets providers.toml (to which the caller appends server and keys) and plan.json
"""

import json
import pathlib
import sys

import asked
import mock_anthropic
import story

HERE = pathlib.Path(__file__).parent
API_VERSION = "2024-10-21"


def providers(mocks) -> dict:
    """Provider id to its members in the configuration."""
    def url(name, path=""):
        return f"http://127.0.0.1:{mocks[name]['port']}{path}"

    def one(adapter, name, path="", credentials=None, settings=None, dialect=None, models=None):
        listed = models or [mocks[name]["model"]]
        if mocks[name].get("embedding_model") and models is None:
            listed.append(mocks[name]["embedding_model"])
        if credentials is None:
            credentials = {"api_key": mocks[name]["key"]}
        found = {"adapter": adapter, "base_url": url(name, path), "models": listed,
                 "credentials": credentials, "settings": settings or {}}
        return found | ({"dialect": dialect} if dialect else {})

    entra = mocks["azure-entra"]
    token = {"token_url": url("azure-entra", "/tenant/oauth2/v2.0/token"),
             **{name: entra[name] for name in ("client_id", "client_secret", "scope")}}
    classic = {"api_version": API_VERSION, "deployments": {
        entra["model"]: entra["deployment"],
        entra["embedding_model"]: entra["embedding_deployment"]}}
    vertex = mocks["vertex"]
    bedrock = mocks["bedrock"]
    return {
        "anthropic": one("anthropic", "anthropic"),
        "bedrock": one("bedrock", "bedrock", credentials={"aws": bedrock["aws"]},
                       settings={"region": bedrock["region"]}),
        "gemini": one("gemini", "gemini", "/v1beta"),
        "vertex": one("vertex", "vertex",
                      credentials={"service_account": vertex["service_account"]},
                      settings={"project": vertex["project"], "location": vertex["location"]}),
        "openai": one("openai-compatible", "openai", "/v1"),
        "openai-responses": one("openai-compatible", "openai", "/v1", dialect="openai-responses",
                                settings={"reasoning_summary": "auto"},
                                models=[mocks["openai"]["model"]]),
        "azure-classic": one("azure-openai", "azure-classic", settings=classic),
        "azure-v1": one("azure-openai", "azure-v1"),
        "azure-entra": one("azure-openai", "azure-entra", credentials={"entra": json.dumps(token)},
                           settings={**classic, "credential": "entra"}),
        "cohere": one("cohere", "cohere"),
        "ollama": one("ollama", "ollama", credentials={}),
        "tgi": one("tgi", "tgi", settings={"prompt_template": "mistral"}),
    }


def toml(value) -> str:
    """A value as TOML; texts and numbers are spelled as in JSON."""
    match value:
        case dict():
            return "{ " + ", ".join(f"{toml(k)} = {toml(v)}" for k, v in value.items()) + " }"
        case list():
            return "[" + ", ".join(map(toml, value)) + "]"
        case str():
            return json.dumps(value.replace("${", "$${"))
        case _:
            return json.dumps(value)


def tables(found) -> str:
    lines = []
    for id_, members in found.items():
        for name in (id_, f"{id_}-faults"):
            lines += ["[[providers]]", f"id = {toml(name)}"]
            lines += [f"{member} = {toml(value)}" for member, value in members.items() if value]
            lines.append("")
    return "\n".join(lines)


def plan(found, gateway, key, journal) -> dict:
    """What the clients need to know: where, which models, what each offers, what to expect."""
    listed = []
    for id_, can in json.loads((HERE / "capabilities.json").read_text()).items():
        models = found[id_]["models"]
        entry = {"id": id_, **can, "model": f"{id_}/{models[0]}",
                 "faulty_model": f"{id_}-faults/{models[0]}"}
        if len(models) > 1:
            entry["embedding_model"] = f"{id_}/{models[1]}"
        listed.append(entry)
    return {"gateway": gateway, "key": key, "journal": f"http://127.0.0.1:{journal}/",
            "providers": listed, "image": asked.PNG64, "tools": asked.TOOLS,
            "results": story.RESULTS, "calls": [list(call) for call in (story.WEATHER, story.TIME)],
            "beta": {"header": mock_anthropic.BETA, "member": mock_anthropic.BETA_MEMBER},
            "vectors": {text: story.vector(text) for text in asked.INPUTS},
            "says": {name: getattr(story, name.upper()) for name in SAYINGS},
            "tokens": {"input": story.INPUT_TOKENS, "output": story.OUTPUT_TOKENS,
                       "cached": story.CACHED_TOKENS, "thought": story.THOUGHT_TOKENS},
            "retry_after": story.RETRY_AFTER}


SAYINGS = ("hello", "thought", "thoughtful", "went_on", "image", "lengthy", "refused", "found",
           "found_both")


def main(mocks_file, gateway, key, folder) -> None:
    mocks = json.loads(pathlib.Path(mocks_file).read_text())
    found = providers(mocks["vendors"])
    target = pathlib.Path(folder)
    (target / "providers.toml").write_text(tables(found))
    (target / "plan.json").write_text(json.dumps(plan(found, gateway, key, mocks["journal"])))


if __name__ == "__main__":
    main(*sys.argv[1:])
