"""What the clients of the acceptance ask with: the tools, the image, the texts to embed."""

import base64

import story

SCHEMA = {"type": "object", "properties": {
    "city": {"type": "string", "description": "Name of the city, as people there write it"},
    "days": {"type": "integer"}}, "required": ["city"]}
TOOLS = {"get_weather": SCHEMA, "get_time": {"type": "object", "properties": {}}}
PNG64 = base64.b64encode(story.PNG).decode()
DATA_URL = f"data:image/png;base64,{PNG64}"
# More than any of the vendors takes at once, so that the gateway has to split and join.
INPUTS = [f"text {number}, Grüße" for number in range(250)]
