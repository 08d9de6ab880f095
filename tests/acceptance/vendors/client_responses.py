"""Cases of OpenAI's client with the responses API and the old text completions.

A part of client_openai.py, which has the attributes that are used here.
"""

import json

from cases import same


class ResponsesCases:
    def responses(self):
        reply = self.client.responses.create(model=self.model, input="say hello", store=False)
        same(reply.output_text, self.says["hello"])
        same(reply.status, "completed")
        same(reply.usage.output_tokens, self.plan["tokens"]["output"], "output tokens")

    def responses_stream(self):
        with self.client.responses.stream(model=self.model, input="say hello",
                                          store=False) as stream:
            events = list(stream)
            same(stream.get_final_response().output_text, self.says["hello"])
        numbers = [e.sequence_number for e in events if hasattr(e, "sequence_number")]
        same(numbers, list(range(len(numbers))), "sequence numbers")
        same((events[0].type, events[-1].type), ("response.created", "response.completed"))

    def responses_image(self):
        content = [{"type": "input_text", "text": "describe the image"},
                   {"type": "input_image", "image_url": self.image_url, "detail": "auto"}]
        reply = self.client.responses.create(
            model=self.model, store=False, input=[{"role": "user", "content": content}])
        same(reply.output_text, self.says["image"])

    def responses_tools(self):
        self.responses_rounds(streams=False)

    def responses_tools_stream(self):
        self.responses_rounds(streams=True)

    def responses_rounds(self, streams):
        tools = [{"type": "function", "name": n, "description": n, "parameters": s,
                  "strict": False} for n, s in self.plan["tools"].items()]
        options = {"model": self.model, "tools": tools, "store": False}
        if self.provider["thinking"]:
            options |= {"reasoning": {"effort": "low", "summary": "auto"},
                        "include": ["reasoning.encrypted_content"]}
        question = [{"role": "user", "content": "two tools"}]
        if streams:
            with self.client.responses.stream(input=question, **options) as stream:
                first = stream.get_final_response()
        else:
            first = self.client.responses.create(input=question, **options)
        calls = [item for item in first.output if item.type == "function_call"]
        same([[c.name, json.loads(c.arguments)] for c in calls], self.plan["calls"], "calls")
        history = [item.to_dict() for item in first.output]
        for item in history:
            item.pop("parsed_arguments", None)
        results = [{"type": "function_call_output", "call_id": c.call_id,
                    "output": self.plan["results"][c.name]} for c in calls]
        second = self.client.responses.create(input=[*question, *history, *results], **options)
        same(second.output_text, self.says["found_both"])

    # Completions

    def completions(self):
        reply = self.client.completions.create(model=self.model, prompt="say hello")
        same(reply.choices[0].text, self.says["hello"])
        same(reply.object, "text_completion")

    def completions_stream(self):
        chunks = self.client.completions.create(model=self.model, prompt="say hello", stream=True)
        same("".join(c.choices[0].text for c in chunks if c.choices), self.says["hello"])
