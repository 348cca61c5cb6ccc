#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The main job as a Python programmer meets it: Debian's python3-websockets, connected to nodes that do not serve the
commands themselves, in JSON and in msgpack."""

import asyncio
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
import websockets  # noqa: E402
from mesh import run, say  # noqa: E402
from minimal_msgpack import pack, unpack  # noqa: E402

MANY = 1000


class Failure(Exception):
    def __init__(self, said):
        super().__init__(str(said))
        self.said = said


class Client:
    """What a script would write around a WebSocket: replies by mid, events in a queue, functions that it serves."""

    def __init__(self, socket, packed):
        self.socket = socket
        self.packed = packed
        self.mids = 0
        self.waiting = {}
        self.order = []  # Mids as their outcomes came.
        self.events = asyncio.Queue()
        self.errors = asyncio.Queue()
        self.serving = {}
        self.canceled = []
        self.reader = asyncio.create_task(self._read())

    @classmethod
    async def connect(cls, node, packed=False):
        subprotocol = "askr.v1.msgpack" if packed else "askr.v1.json"
        socket = await websockets.connect(node.url, subprotocols=[subprotocol], max_queue=4 * MANY)
        assert socket.subprotocol == subprotocol, socket.subprotocol
        return cls(socket, packed)

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await self.socket.close()
        await asyncio.gather(self.reader, return_exceptions=True)
        assert self.socket.close_code == 1000, self.socket.close_code

    async def _read(self):
        async for raw in self.socket:
            assert isinstance(raw, bytes) == self.packed, f"an answer in the wrong kind of frame: {raw!r}"
            said = unpack(raw) if self.packed else json.loads(raw)
            if "command" in said:
                answer = self.serving[said["command"]](said)
                if answer is not None:
                    self.tell(mid=said["mid"], **answer)
            elif said.get("type") == "cancel":
                self.canceled.append(said["mid"])
            elif said.get("type") == "error":
                self.errors.put_nowait(said)
            elif "payload" in said:
                self.events.put_nowait(said)
            else:
                self.order.append(said["mid"])
                self.waiting.pop(said["mid"]).set_result(said)

    def tell(self, **message):
        asyncio.ensure_future(self.socket.send(pack(message) if self.packed else json.dumps(message)))

    def ask(self, mid=None, **message):
        """Says something with a mid; the future gives the whole answer."""
        self.mids += 1
        mid = mid or f"a{self.mids}"
        answer = self.waiting[mid] = asyncio.get_running_loop().create_future()
        self.tell(mid=mid, **message)
        return answer

    async def value(self, **message):
        said = await self.ask(**message)
        if "error" in said:
            raise Failure(said)
        return said["value"]

    async def failure(self, **message):
        said = await self.ask(**message)
        assert "error" in said, said
        return said["code"], said["error"]

    async def next_event(self):
        return await asyncio.wait_for(self.events.get(), 5)

    async def until_listed(self, node, what, name, there=True):
        """Waits until this client's node knows (or no longer knows) that `node` serves or listens to something."""
        for _ in range(500):
            rows = await self.value(command="askr.nodes")
            if there == any(row["name"] == node.name and name in row[what] for row in rows):
                return
            await asyncio.sleep(0.01)
        raise AssertionError(f"{node.name} is not known with {name} in its {what} ({there})")


async def the_original_flow(agent, edge, packed):
    async with await Client.connect(edge, packed) as client:
        hello = await client.ask(type="hello")
        assert hello["type"] == "welcome" and hello["node"]["name"] == edge.name, hello
        assert hello["node"]["id"] == edge.id and hello["workspace"] == edge.workspace, hello

        time = await client.value(workspace=edge.workspace, command="fetch", data={})
        assert isinstance(time, int) and time > 1_600_000_000_000, time
        assert await client.value(type="subscription", eventType="FETCHED_TIME") is True
        await client.value(command="start", data={})
        heard = [await client.next_event() for _ in range(5)]
        await client.value(command="stop", data={})
        for each in heard:
            assert each["type"] == "FETCHED_TIME" and each["from"] == agent.name, each
            assert isinstance(each["payload"], int) and each["payload"] >= time - 60_000, each
        assert len({each["epoch"] for each in heard}) == 1 and heard[0]["epoch"] > 1_600_000_000_000, heard[0]
        sequences = [each["seq"] for each in heard]
        assert sequences == list(range(sequences[0], sequences[0] + 5)), sequences
        assert await client.value(type="unsubscription", eventType="FETCHED_TIME") is True


async def refusals(edge):
    async with await Client.connect(edge) as client:
        assert await client.failure(command="nobody", data=1) == (
            "no_handler", "Command's callback for nobody not found")
        code, _ = await client.failure(command="fetch", to="askr-nobody-000000")
        assert code == "no_node", code
        code, _ = await client.failure(command="fetch", workspace="another")
        assert code == "wrong_workspace", code
        code, _ = await client.failure(type="subscription", eventType=7)
        assert code == "bad_message", code
        await client.socket.send("{]")
        said = await asyncio.wait_for(client.errors.get(), 5)
        assert said["code"] == "bad_message" and said["error"].startswith("not JSON"), said


async def connected_state(agent, edge):
    async with await Client.connect(edge) as client:
        data = {"text": "höhö", "list": [1, 2.5, None, True], "big": 2**63}
        await client.value(command="STATE_SET", to=agent.name, data={"key": "tested", "value": data})
        assert await client.value(command="STATE_REQUEST", to=agent.name, data={"key": "tested"}) == data
        assert (await client.value(command="STATE_REQUEST", to=agent.name))["tested"] == data
        assert await client.value(command="STATE_REQUEST", to=edge.name) == {}, "the state is the agent's alone"
        code, _ = await client.failure(command="STATE_REQUEST", to=agent.name, data={"key": "none"})
        assert code == "no_key", code


async def emit_across(agent, edge):
    """From a client of one node to a client of another; each topic is its own, and unsubscription ends it."""
    async with await Client.connect(edge) as listener, await Client.connect(agent) as emitter:
        await listener.value(type="subscription", eventType="said.*")
        await emitter.until_listed(edge, "topics", "said.*")
        emitter.tell(type="said.twice.nothing", payload=0)
        assert await emitter.value(type="said.once", payload={"n": 1}) is True
        heard = await listener.next_event()
        assert (heard["type"], heard["payload"], heard["from"]) == ("said.once", {"n": 1}, agent.name), heard
        await listener.value(type="unsubscription", eventType="said.*")
        await emitter.until_listed(edge, "topics", "said.*", there=False)
        await emitter.value(type="said.once", payload={"n": 2})
        await asyncio.sleep(0.05)
        assert listener.events.empty(), "an event after the unsubscription"


async def a_python_service(agent, relay, edge):
    """A script serves, a script at another node calls; through a third node that has nothing to do with either."""
    async with await Client.connect(agent) as service, await Client.connect(edge) as caller:
        service.serving["py.add"] = lambda said: {"value": said["data"]["a"] + said["data"]["b"]}
        service.serving["py.fail"] = lambda said: {"error": "not today", "code": "handler_failed"}
        for name in service.serving:
            assert await service.value(type="serve", command=name) is True
            await caller.until_listed(agent, "commands", name)
        assert await caller.value(command="py.add", data={"a": 40, "b": 2}) == 42
        assert await caller.value(command="py.add", data={"a": "x", "b": "ÿ"}, to=agent.name) == "xÿ"
        assert await caller.failure(command="py.fail") == ("handler_failed", "not today")
        code, _ = await caller.failure(command="py.add", data={"a": 1, "b": 1}, to=relay.name)
        assert code == "no_handler", code
        assert await service.value(type="unserve", command="py.add") is True
        await caller.until_listed(agent, "commands", "py.add", there=False)
        code, _ = await caller.failure(command="py.add", data={"a": 1, "b": 1})
        assert code == "no_handler", code


async def never_answered(agent, edge):
    """Timeouts, cancel, a mid used twice, and a serving client that goes away."""
    async with await Client.connect(edge) as caller:
        service = await Client.connect(agent)
        got = []
        service.serving["py.sleep"] = lambda said: got.append(said["mid"])  # No answer.
        await service.value(type="serve", command="py.sleep")
        await caller.until_listed(agent, "commands", "py.sleep")

        code, _ = await caller.failure(command="py.sleep", timeout=80)
        assert code == "timed_out", code

        first = caller.ask(mid="once", command="py.sleep")
        second = asyncio.get_running_loop().create_future()
        await asyncio.sleep(0.05)
        caller.waiting["once"], kept = second, first
        caller.tell(mid="once", command="py.sleep")
        assert (await second)["code"] == "duplicate_mid"
        caller.waiting["once"] = kept
        caller.tell(type="cancel", mid="once")
        assert (await kept)["code"] == "canceled"

        lost = caller.ask(command="py.sleep")
        while len(got) < 3:
            await asyncio.sleep(0.01)
        service.socket.transport.abort()
        said = await asyncio.wait_for(lost, 1)
        assert said["code"] == "peer_lost" and said["maybeExecuted"] is True, said
        service.reader.cancel()
        await caller.until_listed(agent, "commands", "py.sleep", there=False)


async def given_up(agent, edge):
    """A serving client is told when nobody waits any more: by cancel, by a timeout, and by an asker that is gone."""
    for entry in (edge, agent):  # Across nodes, and within one.
        async with await Client.connect(agent) as service:
            got = []
            service.serving["py.wait"] = lambda said: got.append(said["mid"])
            await service.value(type="serve", command="py.wait")
            async with await Client.connect(entry) as caller:
                await caller.until_listed(agent, "commands", "py.wait")
                waiting = caller.ask(mid="w", command="py.wait")
                await until(lambda: len(got) == 1, "the first command")
                caller.tell(type="cancel", mid="w")
                assert (await waiting)["code"] == "canceled"
                await until(lambda: service.canceled == got, "the cancel")
                assert (await caller.failure(command="py.wait", timeout=60))[0] == "timed_out"
                await until(lambda: service.canceled == got, "the cancel after a timeout")
                caller.ask(command="py.wait")
                await until(lambda: len(got) == 3, "the last command")
            await until(lambda: service.canceled == got, "the cancel for an asker that is gone")


async def until(what, name):
    for _ in range(300):
        if what():
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"not within 3 s: {name}")


async def many(agent, edge, packed):
    async with await Client.connect(agent, packed) as service, await Client.connect(edge, packed) as client:
        service.serving["py.same"] = lambda said: {"value": said["data"]}
        await service.value(type="serve", command="py.same")
        await client.until_listed(agent, "commands", "py.same")
        for command, same in (("fetch", False), ("py.same", True)):
            client.order.clear()
            mids = [f"{command}{i}" for i in range(MANY)]
            answers = [client.ask(mid=mid, command=command, data={"i": i}) for i, mid in enumerate(mids)]
            said = await asyncio.wait_for(asyncio.gather(*answers), 15)
            assert [each["mid"] for each in said] == mids and client.order == mids, f"{command}: out of order"
            assert all(each["value"] == {"i": i} if same else isinstance(each["value"], int)
                       for i, each in enumerate(said)), f"{command}: mismatched"

        await client.value(type="subscription", eventType="py.many")
        await service.until_listed(edge, "topics", "py.many")
        for i in range(MANY):
            service.tell(type="py.many", payload=i)
        heard = [await client.next_event() for _ in range(MANY)]
        assert [each["payload"] for each in heard] == list(range(MANY)), "events out of order"
        first = heard[0]["seq"]
        assert [each["seq"] for each in heard] == list(range(first, first + MANY)), "sequence numbers"


async def flow(agent, relay, edge):
    for packed in (False, True):
        await the_original_flow(agent, edge, packed)
        say("the original flow:", "msgpack" if packed else "JSON")
    await refusals(edge)
    await connected_state(agent, edge)
    await emit_across(agent, edge)
    await a_python_service(agent, relay, edge)
    await never_answered(agent, edge)
    await given_up(agent, edge)
    say("refusals, state, emit, a service in Python, no answers: as they should be")
    for packed in (False, True):
        await many(agent, edge, packed)
        say(f"{2 * MANY} commands and {MANY} events, all matched, in order:", "msgpack" if packed else "JSON")


def test(mesh):
    agent, relay, edge = mesh.trio()
    asyncio.run(flow(agent, relay, edge))


run(test)
