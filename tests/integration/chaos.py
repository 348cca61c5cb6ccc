#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Serving processes are killed and stopped at random while thousands of commands are under way: every command ends in
one outcome, no command that is not idempotent runs twice, and every idempotent one succeeds. `chaos.py BINARIES [COMMANDS
[SEED]]`; ctest runs a fifth of what a patient person may ask for. However fast they are, there are as many commands as it
takes until enough has happened to the servers."""

import collections
import os
import random
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
from mesh import lists, run, say  # noqa: E402
from raw_websocket import until  # noqa: E402

COMMANDS = int(sys.argv[2]) if len(sys.argv) > 2 else 20_000
SEED = int(sys.argv[3]) if len(sys.argv) > 3 else int.from_bytes(os.urandom(4), "big")
SERVERS = 4
WINDOW = 200
TROUBLES_MIN = 5
TIMEOUT_MS = 30_000


class Chaos:
    """One server at a time is in trouble, so that the others serve what it has lost."""

    def __init__(self, mesh, chance):
        self.mesh, self.chance = mesh, chance
        self.started = 0
        self.servers = [self.start() for _ in range(SERVERS)]
        self.kills = self.stops = 0  # That are over.
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def start(self):
        self.started += 1
        label = f"server{self.started}"
        return self.mesh.start("counting-server", label, "--notes", self.mesh.folder / "notes").await_ready()

    def run(self):
        while not self.over.wait(self.chance.uniform(0.05, 0.4)):
            at = self.chance.randrange(SERVERS)
            if self.chance.random() < 0.6:
                self.servers[at].kill()
                self.servers[at].process.wait()
                self.servers[at] = self.start()
                self.kills += 1
            else:
                self.servers[at].freeze()
                time.sleep(self.chance.choice([0.05, 0.2, 0.5, 3.2]))  # The last one is beyond the lease.
                self.servers[at].thaw()
                self.stops += 1

    def troubles(self):
        return self.kills + self.stops

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


def send_all(client, chance, chaos):
    """A closed loop: `WINDOW` commands are under way at any time. Gives the outcome of each."""
    client.wire.socket.settimeout(TIMEOUT_MS / 1000 + 5)
    asked, under_way, outcomes = 0, {}, {}

    def more():
        return asked < COMMANDS or (chaos.troubles() < TROUBLES_MIN and chaos.thread.is_alive())

    while under_way or more():
        while len(under_way) < WINDOW and more():
            name = chance.choice(["once", "often"])
            mid = client.ask(name, asked, idempotent=name == "often", timeout=TIMEOUT_MS)
            under_way[mid] = (name, asked)
            asked += 1
        client.read_one()  # A hang is a timeout here.
        for mid in [mid for mid in client.outcomes if mid in under_way]:
            outcomes[under_way.pop(mid)] = client.outcomes.pop(mid)[0]
    return outcomes


def check(mesh, outcomes):
    noted = collections.Counter((mesh.folder / "notes").read_text().splitlines())
    assert len(outcomes) >= COMMANDS
    codes = collections.Counter((name, said.get("code", "value")) for (name, _), said in outcomes.items())
    say("  outcomes:", ", ".join(f"{name} {code} {count}" for (name, code), count in sorted(codes.items())))
    for (name, number), said in outcomes.items():
        runs = noted[f"{name} {number}"]
        if "error" not in said:
            assert said["value"] == number and runs >= 1, f"{name} {number}: {said}, but it ran {runs} times"
        elif name == "often":
            raise AssertionError(f"an idempotent command failed: {number}: {said}")
        else:
            assert said["code"] in ("peer_lost", "no_handler", "overloaded"), f"{number}: {said}"
            assert runs == 0 or said.get("maybeExecuted"), f"{number} ran, but the outcome denies it: {said}"
        assert name == "often" or runs <= 1, f"{number} ran {runs} times"
    say(f"  run twice: {sum(count > 1 for line, count in noted.items() if line.startswith('often'))} idempotent ones")


def test(mesh):
    say(f"{COMMANDS} commands, seed={SEED}")
    chance = random.Random(SEED)
    edge = mesh.node("edge")
    with Chaos(mesh, random.Random(SEED + 1)) as chaos, edge.client(timeout=30) as client:
        until(lambda: all(lists(client, each, "commands", "often") for each in list(chaos.servers)[:1]), 10)
        began = time.monotonic()
        outcomes = send_all(client, chance, chaos)
        took = time.monotonic() - began
    say(f"  {len(outcomes)} in {took:.1f} s, {chaos.kills} kills, {chaos.stops} stops")
    assert chaos.troubles() >= TROUBLES_MIN
    check(mesh, outcomes)


run(test, 600)
