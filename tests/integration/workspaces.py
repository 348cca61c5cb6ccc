#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Who finds whom: workspaces and secrets keep nodes apart, a taken port moves a node to the next one, and a node that
ends says goodbye."""

import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "support"))
from mesh import names_seen, run, say  # noqa: E402
from raw_websocket import until  # noqa: E402

LONG_ENOUGH = 1.5          # Beacons go out after 0, 250, 500 and 750 ms.
GOODBYE_SECONDS_MAX = 0.5  # The settle time is 50 ms.


def alone(*nodes):
    for each in nodes:
        with each.client() as client:
            seen = names_seen(client)
            assert seen == {each.name}, f"{each.label} sees {seen}"


def secret_file(mesh, name, text):
    path = mesh.folder / name
    path.touch(mode=0o600)
    path.write_text(text + "\n")
    return path


def two_workspaces(mesh):
    """On one host, with the default beacons, and even when told each other's address."""
    red = mesh.node("red", workspace=mesh.workspace + "-red")
    blue = mesh.node("blue", "--join", f"127.0.0.1:{red.port}", workspace=mesh.workspace + "-blue")
    red_too = mesh.node("red-too", workspace=mesh.workspace + "-red")
    mesh.settle(red, red_too)
    time.sleep(LONG_ENOUGH)
    alone(blue)
    with red.client() as client:
        assert names_seen(client) == {red.name, red_too.name}
        said = client.outcome(client.ask("askr.ping", workspace=blue.workspace))
        assert said["code"] == "wrong_workspace", said
    say("two workspaces: never saw each other")
    return red, blue, red_too


def wrong_secret(mesh):
    right, wrong = secret_file(mesh, "right", "r" * 40), secret_file(mesh, "wrong", "w" * 40)
    first = mesh.node("first", "--secret-file", right)
    stranger = mesh.node("stranger", "--secret-file", wrong, "--join", f"127.0.0.1:{first.port}")
    unarmed = mesh.node("unarmed", "--join", f"127.0.0.1:{first.port}")
    friend = mesh.node("friend", "--secret-file", right)
    mesh.settle(first, friend)
    time.sleep(LONG_ENOUGH)
    alone(stranger, unarmed)
    with first.client() as client:
        assert names_seen(client) == {first.name, friend.name}
    os.chmod(right, 0o644)
    refused = mesh.start("askr", "careless", "--secret-file", right)
    refused.expected_to_die = True
    assert refused.process.wait(5) == 1, "a secret that others can read was taken"
    assert "bad_key_file" in refused.log() or "0600" in refused.log(), refused.log()
    say("a wrong secret: never linked; one that others can read: refused")


def taken_port(mesh):
    """The next free one is taken, found by counting up from the one that was asked for."""
    first = mesh.node("port-first")
    port = first.port
    second = mesh.node("port-second", port=port)
    assert port < second.port < port + 100, (port, second.port)
    mesh.settle(first, second)
    say(f"port {port} was taken: the second node is on {second.port}")
    return first, second


def goodbye(first, second):
    """SIGTERM: the others know at once that the node is gone, its clients are told by Close 1001, and it ends with 0."""
    with first.client() as client, second.client() as leaving:
        until(lambda: second.name in names_seen(client))
        asked = time.monotonic()
        second.process.terminate()
        until(lambda: second.name not in names_seen(client), GOODBYE_SECONDS_MAX, 0.001)
        took = (time.monotonic() - asked) * 1000
        leaving.wire.socket.settimeout(2)
        code = leaving.wire.read_close_code()
    assert code == 1001, f"its clients were told {code}"
    assert second.process.wait(5) == 0, f"it ended with {second.process.returncode}"
    say(f"SIGTERM: known to the other node after {took:.0f} ms, clients closed with 1001, exit 0")


def test(mesh):
    two_workspaces(mesh)
    wrong_secret(mesh)
    goodbye(*taken_port(mesh))


run(test)
