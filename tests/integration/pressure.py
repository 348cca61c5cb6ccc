#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Clients that ask for too much or take too little: typed errors and bounds, and no other session waits for them."""

import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "support"))
from askr_client import Failure  # noqa: E402
from mesh import lists, run, say  # noqa: E402
from raw_websocket import until  # noqa: E402

PENDING_MAX = 4096          # Commands of a session; options.hpp, session_limits.
SUBSCRIPTIONS_MAX = 1024
GROWTH_KIB_MAX = 40 << 10   # Outbox of a session that does not read: 8 MiB at most; the rest is the allocator's.


def large_payloads(agent, edge):
    """840 KB there and back through another node, while small commands overtake it."""
    text = "0123456789abcdefghijklmnopqrstuvwxyzäöüß" * 14_000
    with edge.client() as bulk, edge.client() as small:
        mids = [bulk.ask("askr.echo", text, to=agent.name) for _ in range(8)]
        slowest = 0.0
        for i in range(50):
            sent = time.monotonic()
            assert small.call("askr.echo", i, to=agent.name) == i
            slowest = max(slowest, time.monotonic() - sent)
        assert all(bulk.value(mid) == text for mid in mids), "a large payload came back changed"
        try:
            bulk.call("askr.echo", text + text)
        except EOFError as closed:
            assert closed.args[1] == 1009, closed
        else:
            raise AssertionError("a message above 1 MiB was taken")
    say(f"8 x 840 KB through another node; a small command beside it took {slowest * 1000:.1f} ms at most")


def too_many_commands(agent, edge):
    with agent.client() as service, edge.client() as caller:
        service.serve("pressure.mute")
        until(lambda: lists(caller, agent, "commands", "pressure.mute"))
        mids = [caller.ask("pressure.mute", i, timeout=3000) for i in range(PENDING_MAX + 100)]
        codes = [caller.outcome(mid)["code"] for mid in mids[PENDING_MAX:]]
        assert set(codes) == {"overloaded"}, set(codes)
        taken = [service.next_command() for _ in range(PENDING_MAX)]
        assert [each["data"] for each in taken] == list(range(PENDING_MAX)), "not in order"
        for each in taken:
            service.say(mid=each["mid"], value=each["data"])
        assert [caller.value(mid) for mid in mids[:PENDING_MAX]] == list(range(PENDING_MAX))
    say(f"{PENDING_MAX} commands in flight were answered, 100 more were overloaded at once")


def too_many_subscriptions(agent):
    with agent.client() as client:
        for i in range(SUBSCRIPTIONS_MAX):
            client.say(type="subscription", eventType=f"pressure.{i}")
        try:
            client.subscribe("pressure.last")
        except Failure as failure:
            assert failure.code == "overloaded", failure
        else:
            raise AssertionError("too many subscriptions were taken")


def a_client_that_does_not_read(agent, edge):
    """It hears nothing of 40 MB of events; a second listener hears all, in order, and the node stays small."""
    payload = "x" * 10_000
    count = 4000
    before = edge.rss_kib()
    with edge.client() as deaf, edge.client(timeout=20) as reader, agent.client() as emitter:
        deaf.subscribe("pressure.flood")
        reader.subscribe("pressure.flood")
        until(lambda: lists(emitter, edge, "topics", "pressure.flood"))
        heard = []
        for i in range(count):
            emitter.say(type="pressure.flood", payload={"n": i, "x": payload})
            while len(heard) < i - 50:
                heard.append(reader.next_event()["payload"]["n"])
        while len(heard) < count:
            heard.append(reader.next_event()["payload"]["n"])
        assert heard == list(range(count)), "the one who reads lost events, or their order"
        grown = edge.rss_kib() - before
        with edge.client() as other:
            assert other.call("askr.ping") == "pong"
        told = drain(deaf)
    assert told < count, "the deaf client got all of it: the test does not press hard enough"
    say(f"a listener that does not read: {told} of {count} events came to it, its node grew by {grown} KiB")
    return grown


def drain(client):
    """What a client that reads again still finds: some of the events in order, then perhaps the end."""
    client.wire.socket.settimeout(0.5)
    numbers = []
    try:
        while True:
            numbers.append(client.next_event()["payload"]["n"])
    except (TimeoutError, EOFError):
        pass
    assert numbers == sorted(set(numbers)), "events out of order, or twice"
    return len(numbers)


def a_caller_that_does_not_read(agent, edge):
    """Its replies pile up, so it is not read from any more; if those under way pass the hard limit, it is closed.
    Nobody else notices."""
    with edge.client() as greedy, edge.client() as other:
        greedy.wire.socket.settimeout(1.0)
        text = "y" * 100_000
        sent = 0
        try:
            while sent < 400:
                greedy.ask("askr.echo", text, to=agent.name)
                sent += 1
        except (TimeoutError, ConnectionError):
            pass
        for i in range(20):
            assert other.call("askr.echo", i, to=agent.name) == i
        assert sent < 400, "40 MB of commands were taken from a client that reads no answer"
    say(f"a caller that does not read: after {sent} commands of 100 KB it was read no further")


def test(mesh):
    agent, edge = mesh.node("agent"), mesh.node("edge")
    mesh.settle(agent, edge)
    large_payloads(agent, edge)
    too_many_commands(agent, edge)
    too_many_subscriptions(agent)
    grown = a_client_that_does_not_read(agent, edge)
    assert mesh.sanitized or grown < GROWTH_KIB_MAX, f"the node grew by {grown} KiB"
    a_caller_that_does_not_read(agent, edge)
    mesh.settle(agent, edge)


run(test, 60)
