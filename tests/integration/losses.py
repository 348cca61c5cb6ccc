#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Nodes that stop, come back and go again: what is unreachable is reported lost, what is reachable is found again."""

import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "support"))
from mesh import free_port, lists, names_seen, run, say  # noqa: E402
from raw_websocket import until  # noqa: E402

LEASE_SECONDS = 2.5


def a_node_that_stands_still(mesh, relay, edge):
    """SIGSTOP for longer than the lease: lost, with its commands; SIGCONT: there again, without a new process."""
    agent = mesh.server("agent")
    mesh.settle(agent, relay, edge)
    with edge.client(timeout=10) as client, relay.client() as other:
        until(lambda: lists(client, agent, "commands", "fetch"))
        client.call("fetch")
        agent.freeze()
        stopped = time.monotonic()
        mids = [client.ask("fetch") for _ in range(50)]
        codes = {client.outcome(mid)["code"] for mid in mids}
        took = time.monotonic() - stopped
        assert codes == {"peer_lost"}, codes
        assert took < LEASE_SECONDS + 1, f"a silent node was lost after {took:.2f} s"
        until(lambda: agent.name not in names_seen(client) and agent.name not in names_seen(other), 2)
        agent.thaw()
        until(lambda: lists(client, agent, "commands", "fetch"), 10)
        again = time.monotonic() - stopped
        assert isinstance(client.call("fetch"), int)
    mesh.settle(agent, relay, edge)
    say(f"a node that stood still was lost after {took:.2f} s, and was back after {again:.2f} s in all")
    return agent


def a_short_stop_is_no_loss(agent, edge):
    """Half a second is less than the lease: the commands wait, and are answered."""
    with edge.client(timeout=10) as client:
        agent.freeze()
        mids = [client.ask("fetch") for _ in range(50)]
        time.sleep(0.5)
        agent.thaw()
        assert all(isinstance(client.value(mid), int) for mid in mids)
    say("a stop of 0.5 s: all 50 commands were answered")


def restarts(mesh, edge):
    """One after the other, each killed: the view follows every time, and never shows one that is gone."""
    with edge.client() as client:
        for round_number in range(5):
            node = mesh.server(f"phoenix{round_number}")
            until(lambda: lists(client, node, "commands", "fetch"), 5)  # pylint: disable=cell-var-from-loop
            node.kill()
            node.process.wait(5)
            until(lambda: node.name not in names_seen(client), 2)  # pylint: disable=cell-var-from-loop
    say("5 nodes came and were killed: each was found, and each was lost")


def a_seed_that_comes_late(mesh):
    """Without beacons, told of a seed that is not there yet: it is dialled until it is."""
    port = free_port()
    early = mesh.node("early", "--no-beacon", "--join", f"127.0.0.1:{port}")
    time.sleep(0.5)
    late = mesh.node("late", "--no-beacon", port=port)
    assert late.port == port
    mesh.settle(early, late, seconds=10)
    third = mesh.node("third", "--no-beacon", "--join", f"127.0.0.1:{early.port}")
    mesh.settle(early, late, third)
    say("a seed that came late was found, and a third node learned of it from the second")


def test(mesh):
    relay, edge = mesh.node("relay"), mesh.node("edge")
    mesh.settle(relay, edge)
    agent = a_node_that_stands_still(mesh, relay, edge)
    a_short_stop_is_no_loss(agent, edge)
    assert agent.terminate() == 0
    restarts(mesh, edge)
    a_seed_that_comes_late(mesh)


run(test, 60)
