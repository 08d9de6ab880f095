"""Runs cases with a client and writes down what came of each.

A case is good if it returns and no vendor received anything that it would not have accepted,
and if the right vendor was asked at all, or none where the gateway answers by itself. What a
provider cannot do is asked for as well: the gateway has to say so, and then the case counts as
"not offered".
"""

import json
import pathlib
import traceback
import urllib.request

DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Run:
    def __init__(self, client, plan, output):
        self.client = client
        self.plan = plan
        self.output = output

    def journal(self) -> dict:
        with DIRECT.open(self.plan["journal"], timeout=10) as reply:
            return json.load(reply)

    def case(self, provider, name, function, offered=True, asks=True):
        """Runs `function`, or where the provider does not offer it, sees that this is said.

        `asks`: whether the vendor is to be asked; if not, no vendor may be.
        """
        self.journal()
        detail = ""
        try:
            function()
            result = "ok" if offered else "not offered"
        except Exception as problem:
            result, detail = "failed", describe(problem)
        found = self.journal()
        if found["violations"]:
            result = "failed"
            detail = "; ".join(found["violations"][:3] + ([detail] if detail else []))
        elif result == "ok" and asks and not found["requests"].get(provider["vendor"]):
            result, detail = "failed", f"the vendor was not asked: {found['requests']}"
        elif not asks and found["requests"]:
            result, detail = "failed", f"asked although not needed: {found['requests']}"
        line = {"client": self.client, "provider": provider["id"], "case": name,
                "result": result, "detail": detail}
        self.output.write(json.dumps(line, ensure_ascii=False) + "\n")
        self.output.flush()


def describe(problem) -> str:
    frames = traceback.extract_tb(problem.__traceback__)
    own = [f for f in frames if pathlib.Path(f.filename).name.startswith("client_")]
    at = f"{own[-1].name}:{own[-1].lineno} " if own else ""
    return f"{at}{type(problem).__name__}: {str(problem)[:600]}"


def same(actual, expected, what=""):
    assert actual == expected, f"{what} {actual!r} instead of {expected!r}"


def says_no(call, *members):
    """Something that the provider does not offer: refused as the caller's error, or named.

    `call` returns the headers of a good reply.
    """
    try:
        headers = call()
    except Exception as problem:
        status = getattr(problem, "status_code", None)
        assert status in (400, 404, 422), f"{type(problem).__name__}: {problem}"
        assert "unknown_url" not in str(problem), f"the endpoint itself is missing: {problem}"
        return
    dropped = headers.get("x-patchbay-dropped-params", "")
    assert any(member in dropped for member in members), \
        f"accepted without a word; dropped: {dropped!r}"
