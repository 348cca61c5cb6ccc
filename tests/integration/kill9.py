#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""kill -9 of a serving process with 200 commands in flight: each ends in peer_lost within 100 ms, and the service is
found again when it is back. Twice: the process is a node; and it is a client that serves through a node that lives on."""

import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
from mesh import lists, run, say  # noqa: E402
from raw_websocket import until  # noqa: E402

IN_FLIGHT = 200
WITHIN_MS = 100
SILENT_SERVICE = """
import sys
sys.path.insert(0, sys.argv[1])
from askr_client import AskrClient
client = AskrClient(int(sys.argv[2]), timeout=60)
client.serve("silent")
print("serving", flush=True)
while True:
    client.read_one()
    client.commands.clear()
"""


def expect_all_lost(client, mids, killed):
    client.wire.socket.settimeout(5)
    said = [client.outcome(mid) for mid in mids]
    codes = {each.get("code", "a value") for each in said}
    assert codes == {"peer_lost"}, f"{codes}: {said[0]}"
    assert all(each.get("maybeExecuted") is True for each in said), said[0]
    took = sorted((client.outcomes[mid][1] - killed) * 1000 for mid in mids)
    say(f"  {len(mids)} of {len(mids)} peer_lost; after the kill: median {took[len(took) // 2]:.1f} ms, last {took[-1]:.1f} ms")
    assert took[-1] <= WITHIN_MS, f"the last one came {took[-1]:.1f} ms after the kill, at most {WITHIN_MS}"


def a_node_dies(mesh, edge):
    """The process is stopped first, so that what is in flight stays so; a stop alone is noticed after 2.5 s only."""
    agent = mesh.server("agent")
    mesh.settle(agent, edge)
    with edge.client() as client:
        until(lambda: lists(client, agent, "commands", "fetch"))
        client.call("fetch")
        agent.freeze()
        mids = [client.ask("fetch", {"i": i}) for i in range(IN_FLIGHT)]
        time.sleep(0.2)
        killed = time.monotonic()
        agent.kill()
        say("a node is killed:")
        expect_all_lost(client, mids, killed)
        until(lambda: not lists(client, agent, "commands", "fetch"), 2)
        again = mesh.server("agent-again")
        until(lambda: lists(client, again, "commands", "fetch"), 5)
        assert isinstance(client.call("fetch"), int)
    assert again.terminate() == 0


def start_silent(agent):
    support = os.path.join(os.path.dirname(os.path.abspath(__file__)), "support")
    service = subprocess.Popen([sys.executable, "-c", SILENT_SERVICE, support, str(agent.port)], stdout=subprocess.PIPE)
    assert service.stdout.readline() == b"serving\n"
    return service


def a_serving_client_dies(agent, edge):
    service = start_silent(agent)
    try:
        with edge.client() as client:
            until(lambda: lists(client, agent, "commands", "silent"))
            mids = [client.ask("silent", i) for i in range(IN_FLIGHT)]
            time.sleep(0.2)
            killed = time.monotonic()
            service.kill()
            say("a serving client is killed:")
            expect_all_lost(client, mids, killed)
            until(lambda: not lists(client, agent, "commands", "silent"), 2)
    finally:
        service.kill()
        service.wait()


def test(mesh):
    relay, edge = mesh.node("relay"), mesh.node("edge")
    mesh.settle(relay, edge)
    a_node_dies(mesh, edge)
    a_serving_client_dies(relay, edge)


run(test)
