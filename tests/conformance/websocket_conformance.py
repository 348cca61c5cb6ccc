#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Drives askr-ws-echo through the cases of websocket_cases.py with frames written by hand: the echo must be equal, close
codes exactly those of RFC 6455, and each connection must end with a Close frame and a FIN, never with a reset.

`websocket_conformance.py BINARIES`
"""

import os
import pathlib
import struct
import subprocess
import sys
import threading
import time
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration", "support"))
import websocket_cases  # noqa: E402
from raw_websocket import (BINARY, CLOSE, CONTINUATION, PONG, TEXT, RawWebSocket, close_payload, frame)  # noqa: E402

NAMES = {TEXT: "text", BINARY: "binary", PONG: "pong"}
# What a client may offer and what must be agreed: RFC 7692, section 7.1.
OFFERS = [
    ("permessage-deflate", True),
    ("permessage-deflate; client_max_window_bits", True),
    ("permessage-deflate; client_no_context_takeover; server_no_context_takeover", True),
    ('permessage-deflate; server_max_window_bits="10"', True),
    ("permessage-deflate; server_max_window_bits=15; client_max_window_bits=9", True),
    ("x-webkit-deflate-frame, permessage-deflate", True),
    ("permessage-deflate; unknown, permessage-deflate", True),
    ("permessage-deflate; server_max_window_bits=7", False),
    ("permessage-deflate; server_max_window_bits=16", False),
    ("permessage-deflate; client_max_window_bits=0", False),
    ("permessage-deflate; server_no_context_takeover=1", False),
    ("permessage-deflate; client_no_context_takeover; client_no_context_takeover", False),
    ("x-webkit-deflate-frame", False),
]


class Echo:
    """The server under test."""

    def __init__(self, binaries, *options):
        command = [str(pathlib.Path(binaries) / "askr-ws-echo"), "--port", "0", "--fragments-max", "65537",
                   "--message-bytes-max", str(websocket_cases.MESSAGE_BYTES_MAX), *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        self.port = int(self.process.stdout.readline().rsplit(":", 1)[1])

    def end(self):
        assert self.process.poll() is None, f"askr-ws-echo ended by itself with {self.process.returncode}"
        self.process.terminate()
        code = self.process.wait(10)
        assert code == 0, f"askr-ws-echo ended with {code}"


def inflate(data):
    return zlib.decompressobj(-15).decompress(data + b"\x00\x00\xff\xff")


class Driver:
    def __init__(self, port, deflate):
        self.port = port
        self.deflate = deflate

    def run(self, case):
        headers = [("Sec-WebSocket-Extensions", "permessage-deflate")] if self.deflate else []
        with RawWebSocket(self.port, headers=headers, timeout=20) as wire:
            sender = threading.Thread(target=self.send, args=(wire, case), daemon=True)
            sender.start()  # Beside the reading, or both sides would wait for the other to read.
            for kind, data in case.expect:
                got = self.read(wire)
                assert got == (kind, data), f"got {shown(got)} instead of {shown((kind, data))}"
            if not case.expect or case.expect[-1][0] != "close":
                wire.send(frame(CLOSE, close_payload(1000)))
                got = self.read(wire)
                assert got == ("close", 1000), f"got {shown(got)} instead of the answer to Close"
            wire.expect_end()
            sender.join(5)

    def send(self, wire, case):
        try:
            if case.chop:
                for at in range(0, len(case.send), case.chop):
                    wire.send(case.send[at:at + case.chop])
            else:
                wire.send(case.send)
        except OSError:
            pass  # The server has closed in the middle of it; what it said decides.

    def read(self, wire):
        """One whole message or control frame, as the cases name it."""
        opcode, compressed, parts = None, False, []
        while True:
            got = wire.read_frame()
            if got.opcode == CLOSE:
                return "close", struct.unpack(">H", got.payload[:2])[0] if got.payload else None
            if got.opcode == PONG:
                return "pong", got.payload
            assert got.rsv == 0 or (self.deflate and got.rsv == 4 and got.opcode != CONTINUATION), f"RSV {got.rsv}"
            if got.opcode != CONTINUATION:
                opcode, compressed = got.opcode, got.rsv == 4
            parts.append(got.payload)
            if got.fin:
                data = b"".join(parts)
                return NAMES[opcode], inflate(data) if compressed else data


def shown(outcome):
    kind, what = outcome
    return f"{kind} {what if not isinstance(what, bytes) or len(what) < 60 else f'of {len(what)} bytes'}"


def check_offers(port):
    faults = 0
    for offer, agreed in OFFERS:
        with RawWebSocket(port, headers=[("Sec-WebSocket-Extensions", offer)]) as wire:
            answer = wire.headers.get("sec-websocket-extensions")
            good = (answer is not None) == agreed and (not agreed or answer.startswith("permessage-deflate"))
            if "client_max_window_bits" in (answer or "") and "client_max_window_bits" not in offer:
                good = False
            assert wire.close() == 1000
            if not good:
                print(f"FAILED offer {offer!r}: answered {answer!r}")
                faults += 1
    print(f"offers: {len(OFFERS) - faults} of {len(OFFERS)}")
    return faults


def check_families(port, families, deflate):
    driver, faults = Driver(port, deflate), 0
    for family in families:
        started, count, failed = time.monotonic(), 0, 0
        for case in family():
            count += 1
            try:
                driver.run(case)
            except Exception as fault:  # pylint: disable=broad-except
                failed += 1
                print(f"FAILED {case.name}: {fault!r}")
        print(f"{family.__name__}{' (deflate)' if deflate else ''}: {count - failed} of {count}, "
              f"{time.monotonic() - started:.2f} s", flush=True)
        faults += failed
    return faults


def main():
    faults = 0
    for options, families in ((), websocket_cases.PLAIN), (("--deflate",), websocket_cases.DEFLATE):
        echo = Echo(sys.argv[1], *options)
        try:
            faults += check_families(echo.port, families, bool(options))
            faults += check_offers(echo.port) if options else 0
        finally:
            echo.end()
    print("all as RFC 6455 says" if faults == 0 else f"FAILED: {faults} cases")
    sys.exit(1 if faults else 0)


main()
