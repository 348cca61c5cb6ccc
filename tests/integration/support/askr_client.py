# SPDX-License-Identifier: MIT
"""A blocking askr client over JSON, as small as a script would write it. It reads only while it waits for something."""

import json
import time

from raw_websocket import CLOSE, RawWebSocket


class Failure(Exception):
    """A command's typed error."""

    def __init__(self, said):
        super().__init__(f"{said.get('code')}: {said.get('error')}")
        self.code = said.get("code")
        self.text = said.get("error")
        self.said = said


class AskrClient:
    def __init__(self, port, *, timeout=10.0, headers=()):
        self.wire = RawWebSocket(port, timeout=timeout, headers=headers)
        self.mids = 0
        self.outcomes = {}   # mid -> (message, when it came)
        self.events = []
        self.commands = []   # Those that this client is asked to serve.
        self.errors = []     # Without a mid.

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.wire.socket.close()

    def say(self, **message):
        self.wire.send_text(json.dumps(message))

    def next_mid(self):
        self.mids += 1
        return f"m{self.mids}"

    def ask(self, command, data=None, **more):
        """Sends a command without waiting; gives its mid."""
        mid = self.next_mid()
        self.say(mid=mid, command=command, data=data, **more)
        return mid

    def read_one(self):
        opcode, payload = self.wire.read_message()
        if opcode == CLOSE:
            raise EOFError("the node closed the session", int.from_bytes(payload[:2], "big"), payload[2:].decode())
        said = json.loads(payload)
        if "command" in said:
            self.commands.append(said)
        elif said.get("type") == "error":
            self.errors.append(said)
        elif "type" in said and "payload" in said:
            self.events.append(said)
        else:
            assert said.get("mid") not in self.outcomes, f"two outcomes for one mid: {said}"
            self.outcomes[said.get("mid")] = (said, time.monotonic())

    def outcome(self, mid):
        while mid not in self.outcomes:
            self.read_one()
        return self.outcomes[mid][0]

    def value(self, mid):
        said = self.outcome(mid)
        if "error" in said:
            raise Failure(said)
        return said["value"]

    def call(self, command, data=None, **more):
        return self.value(self.ask(command, data, **more))

    def confirm(self, **message):
        """Says something that the node acknowledges, and waits for that."""
        mid = self.next_mid()
        self.say(mid=mid, **message)
        return self.value(mid)

    def serve(self, command):
        self.confirm(type="serve", command=command)

    def subscribe(self, topic):
        self.confirm(type="subscription", eventType=topic)

    def next_event(self):
        while not self.events:
            self.read_one()
        return self.events.pop(0)

    def next_command(self):
        while not self.commands:
            self.read_one()
        return self.commands.pop(0)
