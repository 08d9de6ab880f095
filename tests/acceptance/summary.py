"""Prints in a few lines what a model client got. Usage: summary.py FILE"""

import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    report = json.load(file)

chat = report["chat"]
print("  chat:", repr(chat["choices"][0]["message"]["content"]))
print("  usage:", chat["usage"]["prompt_tokens"], "+", chat["usage"]["completion_tokens"], "tokens")
print("  stream:", len(report["stream"]), "chunks;",
      "with usage:", len(report["stream_with_usage"]), "chunks")
first = report["embeddings"][0]["data"][0]["embedding"]
print("  embeddings:", len(report["embeddings"][0]["data"]), "vectors of", len(first), "numbers")
