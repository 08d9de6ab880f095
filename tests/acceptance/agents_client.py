"""The official Python client asks agents that are programs, streamed and not.

Usage: agents_client.py BASE_URL KEY
"""

import json
import pathlib
import sys
import time

from openai import APIStatusError, OpenAI

sys.path.insert(0, str(pathlib.Path(__file__).parent / "agents"))
import story  # noqa: E402  (the far end's own words)

# What each agent tells of the model's thoughts, and how it names its tool for commands.
AGENTS = {
    "claude": {"thinks": True, "tool": "Bash", "program": "claude-code-linux-x64/claude"},
    "codex": {"thinks": True, "tool": "command_execution", "program": "bin/codex"},
    "gemini": {"thinks": False, "tool": "run_shell_command", "program": "bundle/gemini.js"},
}

# What the command that is left behind is called with; nothing else on the machine has it.
MARK = "41871.5"

# Agents take their time to end; this is only the patience.
PATIENCE_S = 30


def main(base_url: str, key: str) -> None:
    client = OpenAI(base_url=base_url, api_key=key, max_retries=0)
    for agent, facts in AGENTS.items():
        answers(client, agent, facts)
        runs_a_command(client, agent, facts)
        fails_clearly(client, agent)
        leaves_nothing(client, agent, facts["program"])
        print(f"agents: {agent} answers, runs a command, fails clearly and leaves nothing")


def answers(client: OpenAI, agent: str, facts: dict) -> None:
    text = "Grüße, 2 worlds 😀"
    for ask in (whole, streamed):
        said = ask(client, agent, f"say {text}")
        assert said["text"] == text, (agent, ask.__name__, said)
        assert said["reasoning"] == (story.THOUGHT if facts["thinks"] else ""), (agent, said)
        assert not said["calls"] and said["finish"] == "stop", (agent, said)
        check_usage(agent, said["usage"], requests=1)


def runs_a_command(client: OpenAI, agent: str, facts: dict) -> None:
    """It runs in the agent's sandbox; the caller sees the call only where that is configured."""
    order = "run expr 6 '*' 7"
    answer = "I run it.\n\nIt printed: 42"
    for ask in (whole, streamed):
        said = ask(client, agent, order)
        assert said["text"] == answer and not said["calls"], (agent, ask.__name__, said)
        assert said["finish"] == "stop", (agent, said)
        check_usage(agent, said["usage"], requests=2)
        said = ask(client, f"{agent}-calls", order)
        assert said["text"] == answer, (agent, ask.__name__, said)
        [(name, arguments)] = said["calls"]
        assert name == facts["tool"], (agent, said)
        assert "expr 6 '*' 7" in json.loads(arguments)["command"], (agent, said)


def check_usage(agent: str, usage, requests: int) -> None:
    assert usage.prompt_tokens == requests * story.PROMPT_TOKENS, (agent, usage)
    assert usage.completion_tokens == requests * story.COMPLETION_TOKENS, (agent, usage)
    assert usage.prompt_tokens_details.cached_tokens == requests * story.CACHED_TOKENS, usage


def whole(client: OpenAI, model: str, question: str) -> dict:
    messages = [{"role": "user", "content": question}]
    reply = client.chat.completions.create(model=model, messages=messages)
    message = reply.choices[0].message
    calls = [(call.function.name, call.function.arguments) for call in message.tool_calls or []]
    return {"text": message.content, "reasoning": reasoning(message), "calls": calls,
            "finish": reply.choices[0].finish_reason, "usage": reply.usage}


def streamed(client: OpenAI, model: str, question: str) -> dict:
    messages = [{"role": "user", "content": question}]
    said = {"text": "", "reasoning": "", "finish": None, "usage": None}
    calls: dict[int, list[str]] = {}
    for chunk in client.chat.completions.create(
            model=model, messages=messages, stream=True, stream_options={"include_usage": True}):
        said["usage"] = chunk.usage or said["usage"]
        for choice in chunk.choices:
            said["text"] += choice.delta.content or ""
            said["reasoning"] += reasoning(choice.delta)
            said["finish"] = choice.finish_reason or said["finish"]
            for call in choice.delta.tool_calls or []:
                into = calls.setdefault(call.index, ["", ""])
                into[0] += call.function.name or ""
                into[1] += call.function.arguments or ""
    return {**said, "calls": [tuple(call) for call in calls.values()]}


def reasoning(message) -> str:
    return getattr(message, "reasoning_content", None) or ""


def fails_clearly(client: OpenAI, agent: str) -> None:
    for order, model in [("refuse 401", agent), ("refuse 500", agent), ("say x", f"{agent}-key")]:
        try:
            said = whole(client, model, order)
        except APIStatusError as error:
            assert error.status_code == 502, (agent, order, error.status_code, error.body)
            assert "the program says that it failed" in error.message, (agent, order, error)
        else:
            raise AssertionError(f"{agent} answered {order!r} with {said}")


def leaves_nothing(client: OpenAI, agent: str, program: str) -> None:
    """A caller leaves while the agent's command runs: both are gone then."""
    messages = [{"role": "user", "content": f"run tail -s {MARK} -f /dev/null"}]
    wait_until(lambda: not running(program), f"{agent}: a program is left from before")
    chunks = client.chat.completions.create(model=agent, messages=messages, stream=True)
    wait_until(lambda: running("tail", MARK), f"{agent} does not run its command")
    assert running(program), f"{agent} is not among the processes"
    chunks.close()
    wait_until(lambda: not running(MARK) and not running(program), f"{agent} is left behind")


def wait_until(holds, problem: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, problem
        time.sleep(0.02)


def running(*parts: str) -> list[str]:
    """Ids of processes whose command line has all these parts."""
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            line = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if all(part.encode() in line for part in parts):
            found.append(process.name)
    return found


if __name__ == "__main__":
    main(*sys.argv[1:])
