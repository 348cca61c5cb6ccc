#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Bad input at a living mesh: each kind ends in its typed error or close code, or in silence where strangers get none;
meanwhile another session works on undisturbed, and at the end the node is alive and no larger than before."""

import json
import os
import socket
import struct
import sys
import threading
import time
from random import Random

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
from askr_client import AskrClient, Failure  # noqa: E402
from mesh import run, say  # noqa: E402
from minimal_msgpack import pack  # noqa: E402
from raw_websocket import (BINARY, CLOSE, CONTINUATION, PING, TEXT, RawWebSocket, Refused,  # noqa: E402
                           close_payload, connect_tcp, frame, upgrade_request, until)

SLOWEST_MS = 250           # Of the other session's commands; a sanitizer build on a busy machine stays below.
GROWTH_KIB_MAX = 24 << 10  # Of the resident set, buffers and allocator caches included.
PREFACE = b"\xc1askr\x01\x01\x00"


class Bystander(threading.Thread):
    """A session that sends commands all the time, to its node and through it, and checks each answer."""

    def __init__(self, port, target):
        super().__init__(daemon=True)
        self.port, self.target = port, target
        self.stopping = False
        self.answered = 0
        self.slowest_ms = 0.0
        self.fault = None

    def run(self):
        try:
            with AskrClient(self.port) as client:
                while not self.stopping:
                    sent = time.monotonic()
                    data = {"n": self.answered}
                    assert client.call("askr.echo", data, to=self.target) == data
                    self.slowest_ms = max(self.slowest_ms, (time.monotonic() - sent) * 1000)
                    self.answered += 1
                    time.sleep(0.002)
        except BaseException as fault:  # pylint: disable=broad-except
            self.fault = fault


def stranger(port, said, within=1.0):
    """What the node says to these first bytes until it ends the connection; None if it does not end it in time."""
    heard = b""
    with connect_tcp(port, within) as wire:
        wire.sendall(said)
        try:
            while received := wire.recv(65536):
                heard += received
        except ConnectionResetError:
            pass
        except TimeoutError:
            return None
    return heard


def no_byte_back(agent):
    """Peers' side: whatever a stranger sends, the connection ends without one byte."""
    low_order = bytes(32)
    cases = {
        "wrong magic": b"\xc1asks\x01\x01\x00" + bytes(50),
        "wrong major": b"\xc1askr\x63\x01\x00" + bytes(50),
        "wrong suite": b"\xc1askr\x01\x09\x00" + bytes(50),
        "wrong padding": b"\xc1askr\x01\x01\x01" + bytes(50),
        "zeros as message 1": PREFACE + struct.pack(">H", 48) + bytes(48),
        "noise as message 1": PREFACE + struct.pack(">H", 48) + os.urandom(48),
        "a low order key": PREFACE + struct.pack(">H", 48) + low_order + os.urandom(16),
        "a length of nothing": PREFACE + b"\x00\x00",
        "a huge length": PREFACE + b"\xff\xff" + os.urandom(4096),
        "a TLS ClientHello": b"\x16\x03\x01\x02\x00" + os.urandom(64),
    }
    for name, said in cases.items():
        heard = stranger(agent.port, said)
        assert heard == b"", f"{name}: {'still open' if heard is None else heard}"
    for size in range(1, len(PREFACE)):  # Each byte of the preface is checked as it comes.
        heard = stranger(agent.port, PREFACE[:size] + b"\xee" + bytes(20))
        assert heard == b"", f"a preface wrong at byte {size}: {heard}"


def garbage_as_http(agent):
    """Not the preface, so an HTTP head: garbage is refused as one."""
    host = f"Host: 127.0.0.1:{agent.port}\r\n".encode()
    cases = {
        "bytes at random": (os.urandom(256).replace(b"\xc1", b"x").replace(b"\x16", b"x") + b"\r\n\r\n", 400),
        "another version": (b"GET / HTTP/1.0\r\n" + host + b"\r\n", 505),
        "no host": (b"GET / HTTP/1.1\r\n\r\n", 400),
        "two hosts": (b"GET / HTTP/1.1\r\n" + host + host + b"\r\n", 400),
        "a strange host": (b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421),
        "a body": (b"GET / HTTP/1.1\r\n" + host + b"Content-Length: 5\r\n\r\nhello", 400),
        "chunks": (b"GET / HTTP/1.1\r\n" + host + b"Transfer-Encoding: chunked\r\n\r\n", 501),
        "bare line feeds": (b"GET / HTTP/1.1\n" + host.replace(b"\r", b"") + b"\n\r\n\r\n", 400),
        "65 fields": (b"GET / HTTP/1.1\r\n" + host + b"a: b\r\n" * 65 + b"\r\n", 431),
        "a head of 9 KiB": (b"GET / HTTP/1.1\r\n" + host + b"a: " + b"b" * 9216 + b"\r\n\r\n", 431),
        "another host's path": (b"GET http://evil.example/ HTTP/1.1\r\n" + host + b"\r\n", 400),
    }
    for name, (said, status) in cases.items():
        heard = stranger(agent.port, said)
        assert heard, f"{name}: {'still open' if heard is None else 'no answer'}"
        assert heard.startswith(f"HTTP/1.1 {status} ".encode()), f"{name}: not {status} but {heard[:80]}"


def refused_upgrades(agent):
    cases = [({"headers": [("Origin", "http://evil.example")]}, 403), ({"headers": [("Origin", "null")]}, 403),
             ({"host": "evil.example"}, 421), ({"host": "127.0.0.1.evil.example"}, 421),
             ({"headers": [("Sec-WebSocket-Protocol", "mqtt")]}, 400)]
    for how, status in cases:
        try:
            RawWebSocket(agent.port, **how)
        except Refused as refused:
            assert refused.status == status, f"{how}: {refused}"
        else:
            raise AssertionError(f"{how} was let in")
    with RawWebSocket(agent.port, headers=[("Origin", "http://127.0.0.1:1234")]) as page:
        assert page.close() == 1000


def broken_frames(agent):
    text = b'{"type":"hello"}'
    cases = {
        "unmasked": (frame(TEXT, text, mask=None), 1002),
        "a reserved bit": (frame(TEXT, text, rsv=4), 1002),
        "a reserved opcode": (frame(3, text), 1002),
        "a long ping": (frame(PING, bytes(126)), 1002),
        "a ping in pieces": (frame(PING, b"x", fin=False), 1002),
        "a continuation of nothing": (frame(CONTINUATION, text), 1002),
        "a message within a message": (frame(TEXT, b"{", fin=False) + frame(TEXT, b"}"), 1002),
        "length bit 63": (frame(BINARY, b"", declared=1 << 63, form=64) + b"x", 1002),
        "a length in the wrong form": (frame(TEXT, text, form=64), 1002),
        "a huge length": (frame(BINARY, b"x" * 100, declared=1 << 40), 1009),
        "too long a message": (frame(TEXT, b"x" * ((1 << 20) + 1)), 1009),
        "too long in pieces": (frame(TEXT, b"x" * (1 << 20), fin=False) + frame(CONTINUATION, b"x"), 1009),
        "too many pieces": (frame(TEXT, b"x", fin=False) + frame(CONTINUATION, fin=False) * 1100, 1008),
        "invalid UTF-8": (frame(TEXT, b'{"a":"\xc3\x28"}'), 1007),
        "cut-off UTF-8": (frame(TEXT, b"\xf0\x9f\x98"), 1007),
        "a surrogate": (frame(TEXT, b"\xed\xa0\x80"), 1007),
        "a Close of one byte": (frame(CLOSE, b"\x03"), 1002),
        "Close 1005": (frame(CLOSE, close_payload(1005)), 1002),
        "a Close reason not UTF-8": (frame(CLOSE, close_payload(1000, b"\xff")), 1007),
    }
    for name, (said, code) in cases.items():
        with RawWebSocket(agent.port, timeout=5) as wire:
            wire.send(said)
            got = wire.read_close_code()
            assert got == code, f"{name}: closed with {got}, not {code}"
            wire.expect_end()


def broken_messages(agent):
    """Whole messages that are wrong: a typed error, and the session goes on."""
    deep = b'{"mid":"x","command":"askr.echo","data":' + b"[" * 40 + b"]" * 40 + b"}"
    wide = b'{"mid":"x","command":"askr.echo","data":[' + b"0," * 70_000 + b"0]}"
    cases = [(b"", "bad_message"), (b"{", "bad_message"), (b"nul", "bad_message"), (b"[]", "bad_message"),
             (b"{}", "bad_message"), (b'{"mid":"x"}', "bad_message"), (b'{"a":1}', "bad_message"),
             (b'{"mid":"x","command":"a b"}', "bad_message"), (b'{"mid":"x","command":""}', "bad_message"),
             (b'{"mid":[],"command":"fetch"}', "bad_message"), (b'{"command":"fetch"}', "bad_message"),
             (b'{"mid":"x","mid":"y","command":"fetch"}', "bad_message"),
             (b'{"mid":"x","command":"askr.echo","data":{"a":1,"a":2}}', "bad_message"),
             (b'{"mid":"x","command":"askr.echo","data":1e400}', "bad_message"),
             (b'{"mid":"x","command":"askr.echo","data":18446744073709551616}', "bad_message"),
             (b'{"mid":"x","command":"askr.echo","data":"\\ud800"}', "bad_message"),
             (b'{"mid":"x","command":"askr.echo","data":1}]', "bad_message"),
             (b'{"mid":"x","command":"askr.echo","timeout":0}', "bad_message"),
             (b'{"mid":"x","command":"askr.echo","timeout":300001}', "bad_message"),
             (b'{"mid":"' + b"x" * 65 + b'","command":"askr.echo"}', "bad_message"),
             (b'{"mid":"x","command":"' + b"x" * 257 + b'"}', "bad_message"),
             (b'{"mid":"x","type":"welcome","workspace":"w","node":{"name":"n","id":"00","version":"0"}}', "bad_message"),
             (b'{"mid":"x","command":"fetch","workspace":"other"}', "wrong_workspace"),
             (b'{"mid":"x","command":"nobody.serves.this"}', "no_handler"),
             (b'{"mid":"x","command":"askr.echo","to":"nowhere"}', "no_node"),
             (b'{"mid":"x","command":"STATE_SET","data":7}', "bad_payload"),
             (b'{"mid":"x","command":"STATE_REQUEST","data":{"key":"none"}}', "no_key"),
             (deep, "too_large"), (wide, "too_large")]
    packed = [(b"", "bad_message"), (b"\xc1", "bad_message"), (b"\x90", "bad_message"), (b"\xdf\xff\xff\xff\xff", "bad_message"),
              (b"\x81\xa3mid\xdb\xff\xff\xff\xff", "bad_message"), (b"\x81\x01\x02", "bad_message"), (b"\x80\x80", "bad_message"),
              (b"\x91" * 100 + b"\x90", "too_large")]
    with AskrClient(agent.port) as client:
        for opcode, rows in ((TEXT, cases), (BINARY, packed)):
            for said, code in rows:
                client.wire.send(frame(opcode, said))
                while not (client.errors or client.outcomes):
                    client.read_one()
                heard = client.errors.pop() if client.errors else client.outcomes.popitem()[1][0]
                assert heard.get("code") == code, f"{said[:80]} gave {heard}, not {code}"
        client.say(mid="stray", value=1)  # Answers to nothing are passed over.
        client.say(mid=999, error="stray", code="nonsense")
        client.say(type="cancel", mid="unknown")
        assert client.call("askr.ping") == "pong"


def duplicate_mids_and_silence(agent, edge):
    """A handler that never answers: the deadline ends it; its mid cannot be used twice meanwhile, but afterwards."""
    with AskrClient(agent.port) as service, AskrClient(edge.port) as caller:
        service.serve("mute")
        until(lambda: _answers(caller, "mute") != "no_handler")
        caller.outcomes.clear()
        caller.say(mid="same", command="mute", timeout=300)
        caller.say(mid="same", command="mute", timeout=300)
        assert caller.outcome("same")["code"] == "duplicate_mid"
        caller.outcomes.clear()
        assert caller.outcome("same")["code"] == "timed_out"
        caller.outcomes.clear()
        caller.say(mid="same", command="askr.ping")
        assert caller.value("same") == "pong"
        late = service.next_command()
        service.say(mid=late["mid"], value="too late")
        assert caller.call("askr.ping") == "pong"


def _answers(client, command):
    try:
        return client.call(command, timeout=20)
    except Failure as failure:
        return failure.code


def half_frames(agent):
    """Connections cut anywhere, by FIN and by RST; among them in the middle of a head, a frame and a message."""
    request, _ = upgrade_request(agent.port)
    said = request + frame(TEXT, b'{"mid":"x","command":"askr.ping"}') + frame(BINARY, bytes(1000), declared=4000)
    cuts = list(range(0, len(said), 41)) + [len(said)]
    for cut in cuts:
        for reset in (False, True):
            with connect_tcp(agent.port) as wire:
                if reset:
                    wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                wire.sendall(said[:cut])


def mutations(agent):
    """Good messages with some bytes changed, 4,000 of them, always the same: each is answered, or ends its session."""
    random = Random(20260)
    seeds = [(TEXT, json.dumps(each).encode()) for each in MESSAGES] + [(BINARY, pack(each)) for each in MESSAGES]
    sessions = 0
    sent = 0
    while sent < 4000:
        sessions += 1
        with RawWebSocket(agent.port, timeout=5) as wire:
            try:
                for _ in range(200):
                    sent += 1
                    opcode, good = random.choice(seeds)
                    wire.send(frame(opcode, mutated(random, good)))
                wire.send(frame(PING, b"alive"))
                while wire.read_frame().payload != b"alive":
                    pass
            except (EOFError, BrokenPipeError):
                pass
    assert sessions < 2000, "nearly every message ended its session"


MESSAGES = [{"mid": "a", "command": "askr.echo", "data": {"k": [1, -2.5, None, "\u00e4"]}},
            {"mid": 1, "command": "askr.nodes", "timeout": 50}, {"type": "t.x", "payload": "p"},
            {"type": "subscription", "eventType": "t.*", "mid": "s"}, {"type": "unsubscription", "eventType": "t.*"},
            {"type": "serve", "command": "m"}, {"mid": "b", "command": "m", "timeout": 20},
            {"mid": "c", "command": "STATE_SET", "data": {"key": "k", "value": 1}}, {"mid": 3, "value": [0]}]


def mutated(random, good):
    changed = bytearray(good)
    for _ in range(random.randrange(4)):
        at = random.randrange(len(changed))
        kind = random.randrange(4)
        if kind == 0:  # Stays ASCII, so that text stays UTF-8 and more than its first octets are read.
            changed[at] = random.randrange(0x20, 0x7F)
        elif kind == 1:
            changed[at] ^= 1 << random.randrange(7)
        elif kind == 2:
            del changed[at:at + random.randrange(1, 4)]
            changed = changed or bytearray(b"x")
        else:
            changed[at:at] = changed[at:at + random.randrange(1, 8)]
    return bytes(changed)


class IdleStrangers:
    """300 connections that say nothing, while all else goes on; ended without a word at their deadline of 5 s."""

    def __init__(self, port):
        self.wires = [connect_tcp(port) for _ in range(300)]
        self.started = time.monotonic()

    def expect_ended(self):
        for wire in self.wires:
            assert wire.recv(1) == b"", "a stranger was told something"
            wire.close()
        took = time.monotonic() - self.started
        assert 4.0 < took < 8.0, f"idle strangers were ended after {took:.1f} s, not after 5 s"


class Slowloris(threading.Thread):
    """A head that comes byte by byte, and a frame whose rest never comes: ended at their deadlines of 5 s and 10 s."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.request, _ = upgrade_request(port)
        self.head = connect_tcp(port)
        self.frame = RawWebSocket(port, timeout=15)
        self.frame.send(frame(TEXT, b"{", declared=100))
        self.started = time.monotonic()
        self.head_ended = None
        self.start()

    def run(self):
        """A byte every 50 ms until the node has had enough of it: then there is an answer, or the end, to be read."""
        self.head.settimeout(0.05)
        for byte in self.request[:-1]:
            self.head.sendall(bytes((byte,)))
            try:
                self.head.recv(4096)
                break
            except TimeoutError:
                continue
        self.head_ended = time.monotonic() - self.started

    def expect_ended(self):
        self.join(10)
        assert 4.0 < self.head_ended < 7.0, f"the dripping head was ended after {self.head_ended:.1f} s, not after 5 s"
        assert self.frame.read_close_code() == 1008
        took = time.monotonic() - self.started
        assert 9.0 < took < 13.0, f"the unfinished frame was ended after {took:.1f} s, not after 10 s"
        self.head.close()
        self.frame.socket.close()


def test(mesh):
    agent, edge = mesh.node("agent"), mesh.node("edge")
    mesh.settle(agent, edge)
    bystander = Bystander(agent.port, edge.name)
    bystander.start()
    slowloris = Slowloris(agent.port)
    idle = IdleStrangers(agent.port)
    before = agent.rss_kib()
    for attack in (no_byte_back, garbage_as_http, refused_upgrades, broken_frames, broken_messages, half_frames,
                   mutations):
        started = time.monotonic()
        attack(agent)
        say(f"{attack.__name__}: {time.monotonic() - started:.2f} s")
        assert agent.alive(), f"the node died of {attack.__name__}"
        assert bystander.fault is None, f"another session was disturbed by {attack.__name__}: {bystander.fault!r}"
    duplicate_mids_and_silence(agent, edge)
    idle.expect_ended()
    slowloris.expect_ended()
    bystander.stopping = True
    bystander.join(5)
    assert bystander.fault is None, f"another session was disturbed: {bystander.fault!r}"
    grown = agent.rss_kib() - before
    say(f"the other session: {bystander.answered} commands, slowest {bystander.slowest_ms:.1f} ms; grown by {grown} KiB")
    assert bystander.answered > 100 and bystander.slowest_ms < SLOWEST_MS, "another session was held up"
    assert mesh.sanitized or grown < GROWTH_KIB_MAX, f"the node grew by {grown} KiB"
    mesh.settle(agent, edge)


run(test, 60)
