#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What a relay sees: nothing. The memory of a real relay is read while commands go through it, and what they say is
not in it, but in that of the node that serves them and of the one where they enter."""

import json
import pathlib
import re
import secrets
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "support"))
from mesh import run, say  # noqa: E402
from network import Network, can_make_networks, view  # noqa: E402
from raw_websocket import until  # noqa: E402

REGION_BYTES_MAX = 256 << 20  # Larger ones are a sanitizer's bookkeeping.
TALK = """
import json, sys
sys.path.insert(0, sys.argv[1])
from askr_client import AskrClient
with AskrClient(int(sys.argv[2])) as client:
    for line in sys.stdin:
        secret = json.loads(line)
        mids = [client.ask("askr.echo", secret, to=sys.argv[3]) for _ in range(50)]
        assert all(client.value(mid) == secret for mid in mids)
        print("said", flush=True)
"""


def memory_of(process):
    """All that a process can write to, while it stands still."""
    process.freeze()
    try:
        regions = []
        with open(f"/proc/{process.pid}/maps", encoding="ascii", errors="replace") as maps, \
                open(f"/proc/{process.pid}/mem", "rb", buffering=0) as memory:
            for line in maps:
                start, end, access = re.match(r"(\w+)-(\w+) (\S+)", line).groups()
                first, size = int(start, 16), int(end, 16) - int(start, 16)
                if "w" not in access or size > REGION_BYTES_MAX:
                    continue
                try:
                    memory.seek(first)
                    regions.append(memory.read(size))
                except OSError:
                    pass  # Not backed by memory.
        return regions
    finally:
        process.thaw()


def holds(process, text):
    return any(text.encode() in region for region in memory_of(process))


def chain(mesh):
    """edge - relay - agent: two cables, and no way around."""
    network = Network(mesh)
    a, r, b = (network.host(label) for label in "arb")
    network.cable(a, "10.79.1.1/24", r, "10.79.1.2/24")
    network.cable(r, "10.79.2.2/24", b, "10.79.2.1/24")
    edge, relay, agent = a.node("edge"), r.node("relay"), b.node("agent")
    for each in (edge, agent):
        until(lambda: {"edge", "relay", "agent"} <= set(view(each)), 10, 0.05)  # pylint: disable=cell-var-from-loop
    assert not view(edge)["agent"]["link"], "there is a link around the relay"
    return edge, relay, agent


def test(mesh):
    edge, relay, agent = chain(mesh)
    support = pathlib.Path(__file__).resolve().parent / "support"
    assert holds(relay, agent.name), "the memory of a process is not read as it should be"
    for size in (1, 200):  # Short ones share a record with others; long ones are cut into chunks.
        secret = secrets.token_hex(24)
        spoken = json.dumps(secret * size) + "\n"
        done = edge.host.run(sys.executable, "-B", "-c", TALK, support, edge.port, agent.name, said=spoken)
        assert done.returncode == 0 and done.stdout == "said\n", done.stderr
        assert holds(agent, secret) and holds(edge, secret), "not even those who know it have it in their memory"
        assert not holds(relay, secret), f"the relay has read what {size * 48} bytes say"
    with open(f"/proc/{relay.pid}/status", encoding="ascii") as status:
        size = next(line.split()[1] for line in status if line.startswith("VmRSS:"))
    say(f"{size} KiB of a relay's memory: nothing of 100 commands and their answers")


if not can_make_networks():
    say("SKIPPED: needs root and network namespaces")
    sys.exit(77)
run(test)
