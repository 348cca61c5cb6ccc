#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Published mistakes of other systems that only show in a real process: what strangers cost, and where secrets end up.
docs/security.md lists them all. Two members work on meanwhile."""

import os
import pathlib
import resource
import struct
import sys
import time
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "support"))
from mesh import run, say  # noqa: E402
from raw_websocket import BINARY, RawWebSocket, connect_tcp, frame, until  # noqa: E402

PREFACE = b"\xc1askr\x01\x01\x00"
STRANGERS_MAX = 1024      # limits.strangers_max
STRANGER_KIB = 4          # What one may cost,
SLACK_KIB = 2 << 10       # and the allocator's own for all of them.
CANARY = "canary-0123456789abcdef-0123456789abcdef"


def growth(node, attack, warm_up=False):
    """Of the node's resident set; with `warm_up` of a second time, when code and caches are there already."""
    if warm_up:
        attack()
    before = node.rss_kib()
    attack()
    return node.rss_kib() - before


def expect_small(mesh, what, kib, allowed):
    say(f"{what}: grown by {kib} KiB")
    assert mesh.sanitized or kib <= allowed, f"{what}: the node grew by {kib} KiB, more than {allowed}"


def advisory_01_bombs_before_authentication(mesh, guarded):
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = deflater.compress(bytes(1 << 30 >> 4)) + deflater.flush(zlib.Z_SYNC_FLUSH)

    def attack():
        for _ in range(4):
            with RawWebSocket(guarded.port, headers=[("Sec-WebSocket-Extensions", "permessage-deflate")]) as wire:
                wire.send(frame(BINARY, bomb, rsv=4))
                assert wire.read_close_code() in (1002, 1009)
            for said in (bomb, PREFACE + bomb, b"GET / HTTP/1.1\r\n" + bomb):
                swallowed(guarded, said)

    expect_small(mesh, "bombs of strangers", growth(guarded, attack, warm_up=True), 1 << 10)


def swallowed(node, said):
    """Sends until the node has had enough; gives how much it let come."""
    sent = 0
    with connect_tcp(node.port, 5) as wire:
        try:
            for at in range(0, len(said), 65536):
                wire.sendall(said[at:at + 65536])
                sent += 65536
            while wire.recv(65536):
                pass
        except (ConnectionError, BrokenPipeError):
            pass
    return sent


def advisory_04_a_stream_without_end(mesh, guarded):
    def attack():
        for head in (PREFACE, b"GET / HTTP/1.1\r\nX: ", b""):
            swallowed(guarded, head + b"x" * (16 << 20))
        with RawWebSocket(guarded.port) as wire:
            wire.send(frame(BINARY, b"x" * 4096, declared=1 << 20))
            assert wire.read_close_code() == 1009

    expect_small(mesh, "streams of strangers", growth(guarded, attack, warm_up=True), 1 << 10)


def advisory_07_declared_and_never_sent(mesh, guarded):
    """1,000 at once, each with a length of 512 and one byte; others are told no by their length alone."""
    wires = []

    def attack():
        for _ in range(1000):
            wire = connect_tcp(guarded.port)
            wire.sendall(PREFACE + struct.pack(">H", 512) + b"x")
            wires.append(wire)
        for _ in range(10):
            with connect_tcp(guarded.port, 2) as wire:
                wire.sendall(PREFACE + struct.pack(">H", 65535) + b"x")
                assert wire.recv(1) == b""

    grown = growth(guarded, attack)
    for wire in wires:
        wire.close()
    expect_small(mesh, "1,000 declared messages", grown, SLACK_KIB + 1000 * STRANGER_KIB)


def advisory_07_three_thousand_idle_strangers(mesh, guarded, other):
    """More than there are places for: the oldest make room, and a client and a member come in all the same."""
    wires = [connect_tcp(guarded.port) for _ in range(3000)]
    started = time.monotonic()
    with RawWebSocket(guarded.port) as wire:  # Nothing is shown, so it is answered, but not served.
        assert wire.headers["upgrade"].lower() == "websocket"
    late = mesh.node("late", "--join", f"127.0.0.1:{guarded.port}", "--no-unix-links")
    mesh.settle(other, late)
    took = time.monotonic() - started
    gone = sum(ended(wire) for wire in wires)
    say(f"3,000 idle strangers: {gone} made room, a member joined in {took:.2f} s")
    assert took > 4 or 3000 - STRANGERS_MAX <= gone, gone
    for wire in wires:
        wire.close()


def ended(wire):
    wire.setblocking(False)
    try:
        return wire.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True


def advisory_09_secrets_are_shown_nowhere(mesh):
    secret, tokens = mesh.folder / "canary.secret", mesh.folder / "canary.tokens"
    for path, text in ((secret, CANARY), (tokens, f"ann {CANARY}-token\n")):
        path.touch(mode=0o600)
        path.write_text(text)
    node = mesh.node("canary", "--secret-file", secret, "--token-file", tokens, "--verbose", "--no-beacon")
    heard = b""
    for target in ("/", "/health", "/metrics", "/" + CANARY[:6]):
        with connect_tcp(node.port) as wire:
            wire.sendall(f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            while received := wire.recv(65536):
                heard += received
    with RawWebSocket(node.port, headers=[("Sec-WebSocket-Protocol", f"askr.v1.json, askr.token.{CANARY}-token")]) as wire:
        for command in ("askr.nodes", "askr.doctor", "STATE_REQUEST"):
            wire.send_text(f'{{"mid":"{command}","command":"{command}","data":{{"key":"secret"}}}}')
            heard += wire.read_message()[1]
    process = pathlib.Path(f"/proc/{node.pid}")
    shown = {"answers": heard, "log": node.log().encode(), "arguments": (process / "cmdline").read_bytes(),
             "environment": (process / "environ").read_bytes()}
    for where, text in shown.items():
        assert CANARY.encode() not in text, f"a secret is shown by {where}"
    # There is no option that takes a secret, and what was tried is not repeated.
    for options in (("--secret", CANARY), (f"--secret={CANARY}",), ("--token", CANARY)):
        tried = mesh.askr("node", *options)
        assert tried.returncode != 0, options
        assert CANARY not in tried.stdout + tried.stderr, f"{options[0]} repeats the secret"


def accepting_pauses_without_descriptors(mesh):
    """With hardly any descriptors left the node spins on nothing, refuses some, and serves again when they are back."""
    node = mesh.server("narrow", "--no-beacon", workspace=mesh.workspace + "-narrow")
    resource.prlimit(node.pid, resource.RLIMIT_NOFILE, (len(os.listdir(f"/proc/{node.pid}/fd")) + 3,) * 2)
    wires = [connect_tcp(node.port) for _ in range(20)]
    time.sleep(0.3)
    before = cpu_seconds(node.pid)
    time.sleep(1)
    used = cpu_seconds(node.pid) - before
    assert used < 0.2, f"without descriptors the node used {used:.2f} s of CPU in a second"
    for wire in wires:
        wire.close()

    def answers():
        try:
            with node.client(timeout=2) as client:
                return client.call("fetch") is not None
        except (OSError, EOFError):
            return False

    until(answers)
    say(f"without descriptors: {used * 100:.0f} % of a core, and afterwards all is well")


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test(mesh):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, 8192), hard), hard))
    tokens = mesh.folder / "tokens"
    tokens.touch(mode=0o600)
    tokens.write_text("ann " + "t" * 40 + "\n")
    guarded, other = mesh.node("guarded", "--token-file", tokens), mesh.node("other")
    swallowed(guarded, b"\r\n\r\n")  # What the first of all costs is paid.
    advisory_01_bombs_before_authentication(mesh, guarded)
    advisory_04_a_stream_without_end(mesh, guarded)
    advisory_07_declared_and_never_sent(mesh, guarded)
    advisory_07_three_thousand_idle_strangers(mesh, guarded, other)
    advisory_09_secrets_are_shown_nowhere(mesh)
    accepting_pauses_without_descriptors(mesh)
    assert guarded.alive() and other.alive()


run(test, 60)
