"""Prints what the clients got, client × case × provider, and ends with 1 if anything failed.

Usage: table.py PLAN RESULTS
"""

import collections
import json
import sys

# Short enough for a column each.
MARKS = {"ok": "ok", "failed": "FAILED", "not offered": "–", None: ""}


def main(plan_file, results_file) -> int:
    with open(plan_file, encoding="utf-8") as file:
        providers = [p["id"] for p in json.load(file)["providers"]]
    with open(results_file, encoding="utf-8") as file:
        results = [json.loads(line) for line in file]
    found = {(r["client"], r["case"], r["provider"]): r["result"] for r in results}
    for client in dict.fromkeys(r["client"] for r in results):
        print(f"\n{client}")
        cases = list(dict.fromkeys(r["case"] for r in results if r["client"] == client))
        width = max(map(len, cases)) + 2
        print(" " * width + "".join(f"{short(p):>9}" for p in providers))
        for case in cases:
            marks = (MARKS[found.get((client, case, p))] for p in providers)
            print(f"{case:<{width}}" + "".join(f"{mark:>9}" for mark in marks))
    failed = [r for r in results if r["result"] == "failed"]
    if failed:
        print("\nfailed:")
    for r in failed:
        print(f"  {r['client']} · {r['provider']} · {r['case']}: {r['detail']}")
    counts = collections.Counter(r["result"] for r in results)
    clients = len({r["client"] for r in results})
    print(f"\n{clients} clients, {len(providers)} providers: {counts['ok']} passed, "
          f"{counts['failed']} failed, {counts['not offered']} not offered (–) and said so")
    return 1 if failed or not counts["ok"] else 0


def short(name) -> str:
    return name.replace("azure-", "az-").replace("openai-responses", "o-resp")[:8]


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
