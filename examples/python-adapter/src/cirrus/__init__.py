"""Cirrus, an invented provider: how it is reached, and the dialect it speaks.

    POST /v2/converse
    {"engine": "nimbus", "flow": true, "limit": 4096, "heat": 0.7,
     "guide": "Be brief.",
     "turns": [{"from": "person", "pieces": [{"text": "Hello"}]}],
     "tools": [{"name": "weather", "about": "…", "input": {…}}]}

With `flow` the reply is JSON lines, one event each, of which `end` is the last; without, it is
one object with the members of all events.

    {"text": "Hi"}
    {"use": {"tool": "weather", "input": {"city": "Oslo"}}}
    {"end": "done", "count": {"read": 12, "written": 5}}

Errors, with a status or as an event: {"fault": {"code": "quota", "words": "…", "wait": 1.5}}
"""
