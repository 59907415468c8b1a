# SPDX-License-Identifier: GPL-3.0-or-later
"""Several answers to one chat request (n), checked for their form."""
import json

from answers import DONE, PATH, check_error, check_usage
from tap import eq, ok


class Choices:
    """status, and the choices by index as {"text", "calls", "finish"}; usage;
    error, and whether there was an orderly end."""

    def __init__(self, http, stream, n, text="hello", **more):
        body = {"model": "haiku", "n": n, **more,
                "messages": more.get("messages", [
                    {"role": "user", "content": text}])}
        self.by_index = {}
        self.order = []
        self.usage = self.error = None
        self.done = not stream
        if stream:
            self._stream(http, {**body, "stream": True})
        else:
            self._whole(http.post_json(PATH, body))

    def _whole(self, response):
        self.status = response.status
        value = response.json()
        if self.status != 200:
            self.error = check_error(value)
            return
        eq([c["index"] for c in value["choices"]],
           list(range(len(value["choices"]))), "indices")
        for choice in value["choices"]:
            message = choice["message"]
            self.by_index[choice["index"]] = {
                "text": message["content"], "finish": choice["finish_reason"],
                "calls": [c["function"]["name"]
                          for c in message.get("tool_calls", [])]}
        self.usage = check_usage(value["usage"])

    def _stream(self, http, body):
        response = http.post_json(PATH, body, partial=True)
        self.status = response.status
        if self.status != 200:
            self.error = check_error(response.json())
            return
        ids = set()
        for part in response.body.decode().split("\n\n"):
            if not part.startswith("data: "):
                continue
            ok(not self.done, "something behind the end")
            if part[6:] == DONE:
                self.done = True
                continue
            value = json.loads(part[6:])
            if "error" in value:
                self.error = check_error(value)
                continue
            ids.add((value["id"], value["created"], value["model"]))
            self._chunk(value, body)
        eq(len(ids), 1, "ids")

    def _chunk(self, value, body):
        ok(self.error is None, "a chunk behind an error")
        usage = value.get("usage")
        if usage:
            ok(self.usage is None, "usage twice")
            self.usage = check_usage(usage)
            behind = "stream_options" in body
            eq(len(value["choices"]), 0 if behind else 1)
            eq({c["finish"] is None for c in self.by_index.values()
                if not behind and c is not self.by_index.get(
                    value["choices"][0]["index"])} - {False}, set(),
               "choices without an end before the usage")
        for choice in value["choices"]:
            self._delta(choice)

    def _delta(self, choice):
        delta, index = choice["delta"], choice["index"]
        self.order.append(index)
        if "role" in delta:
            ok(index not in self.by_index, f"choice {index} begins twice")
            self.by_index[index] = {"text": "", "calls": [], "finish": None}
            return
        mine = self.by_index[index]
        eq(mine["finish"], None, f"choice {index} goes on behind its end")
        mine["text"] += delta.get("content") or ""
        mine["calls"] += [c["function"]["name"]
                          for c in delta.get("tool_calls", []) if "id" in c]
        mine["finish"] = choice["finish_reason"]

    def all(self, key):
        return [self.by_index[i][key] for i in sorted(self.by_index)]
