#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Clients with tokens: nothing is done for one that has shown none, and what is done for one goes under its name, also
at another node."""

import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "support"))
from mesh import lists, names_seen, run, say  # noqa: E402
from raw_websocket import RawWebSocket, until  # noqa: E402

AUTH_SECONDS = 5


def token_file(mesh):
    """As the CLI makes it: one line NAME TOKEN."""
    made = mesh.askr("keygen", "--token", "ann")
    assert made.returncode == 0, made.stderr
    name, token = made.stdout.split()
    assert name == "ann" and len(token) >= 32, made.stdout
    path = mesh.folder / "tokens"
    path.touch(mode=0o600)
    path.write_text(made.stdout)
    return path, token


def refused(node):
    with node.client() as client:
        said = client.outcome(client.ask("askr.ping"))
        assert said["code"] == "unauthenticated", said
        code = client.wire.read_close_code()
        assert code == 1008, code
    with node.client() as client:  # Two attempts, then it is over.
        for _ in range(2):
            said = client.outcome(_auth(client, "x" * 40))
            assert said["code"] == "unauthenticated", said
        _auth(client, "x" * 40)
        assert client.wire.read_close_code() == 1008
    with node.client() as client:
        client.say(type="subscription", eventType=">")
        assert client.wire.read_close_code() == 1008


def _auth(client, token):
    mid = client.next_mid()
    client.say(mid=mid, type="auth", token=token)
    return mid


def welcomed(node, token):
    with node.client() as client:
        said = client.outcome(_auth(client, "y" * 40))
        assert said["code"] == "unauthenticated", said
        said = client.outcome(_auth(client, token))
        assert said["type"] == "welcome" and said["node"]["name"] == node.name, said
        assert client.call("askr.ping") == "pong"
    with node.client() as client:  # All at once, without waiting for the welcome.
        mid = _auth(client, token)
        assert client.call("askr.ping") == "pong" and client.outcome(mid)["type"] == "welcome"
    shown = [("Sec-WebSocket-Protocol", f"askr.v1.json, askr.token.{token}")]
    with node.client(headers=shown) as client:  # A browser's way.
        assert client.wire.headers["sec-websocket-protocol"] == "askr.v1.json"
        assert client.call("askr.ping") == "pong"


def known_elsewhere(guarded, other, token):
    """A service at another node is told who asks, and by which way."""
    with other.client() as service, guarded.client() as client:
        client.outcome(_auth(client, token))
        service.serve("who")
        until(lambda: lists(client, other, "commands", "who"))
        mid = client.ask("who")
        asked = service.next_command()
        assert asked["from"] == "ann", asked
        service.say(mid=asked["mid"], value=asked["from"])
        assert client.value(mid) == "ann"


def with_the_cli(mesh, node, path):
    sent = mesh.askr("--url", node.url, "--token-file", path, "send", "askr.ping")
    assert sent.returncode == 0 and sent.stdout.strip() == '"pong"', (sent.stdout, sent.stderr)
    sent = mesh.askr("--url", node.url, "send", "askr.ping")
    assert sent.returncode == 1 and "unauthenticated" in sent.stderr, (sent.stdout, sent.stderr)


def test(mesh):
    path, token = token_file(mesh)
    guarded, other = mesh.node("guarded", "--token-file", path), mesh.node("other")
    silent, since = RawWebSocket(guarded.port, timeout=AUTH_SECONDS + 3), time.monotonic()
    refused(guarded)
    welcomed(guarded, token)
    with other.client() as client:  # The workspace's secret admits the peer; no token is asked of it.
        until(lambda: guarded.name in names_seen(client))
    known_elsewhere(guarded, other, token)
    with_the_cli(mesh, guarded, path)
    assert silent.read_close_code() == 1008
    took = time.monotonic() - since
    assert AUTH_SECONDS - 1 < took < AUTH_SECONDS + 2, f"a client that shows nothing was closed after {took:.1f} s"
    assert token not in guarded.log() and token not in other.log(), "a token stands in a log"
    say("without a token: refused; with one: welcomed, and known by name at another node")


run(test)
