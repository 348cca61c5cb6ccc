# SPDX-License-Identifier: MIT
"""A WebSocket client that can also misbehave: frames go out exactly as told, and what comes back is shown frame by frame.

Written from RFC 6455 alone, so that it shares no mistake with a library. Blocking, one socket, no background thread.
"""

import base64
import hashlib
import os
import socket
import struct
import time
from collections import namedtuple

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

Frame = namedtuple("Frame", "fin rsv opcode payload")


class Refused(Exception):
    """The server answered the handshake with something else than 101."""

    def __init__(self, status, body):
        super().__init__(f"HTTP {status}: {body}")
        self.status = status


def masked(payload, key):
    if not payload:
        return b""
    repeated = (key * (len(payload) // 4 + 1))[: len(payload)]
    size = len(payload)
    return (int.from_bytes(payload, "little") ^ int.from_bytes(repeated, "little")).to_bytes(size, "little")


def length_field(size, form=None):
    """The 7-bit part and the extended length; `form` forces 16 or 64 bits."""
    if form is None:
        form = 7 if size < 126 else 16 if size < 65536 else 64
    if form == 7:
        return size, b""
    return (126, struct.pack(">H", size)) if form == 16 else (127, struct.pack(">Q", size))


def frame(opcode, payload=b"", *, fin=True, rsv=0, mask=b"\x12\x34\x56\x78", declared=None, form=None):
    """One frame's bytes. `mask=None`: unmasked. `declared`: another length than the payload's."""
    if isinstance(payload, str):
        payload = payload.encode()
    short, extended = length_field(len(payload) if declared is None else declared, form)
    first = (0x80 if fin else 0) | rsv << 4 | opcode
    if mask is None:
        return bytes((first, short)) + extended + payload
    return bytes((first, 0x80 | short)) + extended + mask + masked(payload, mask)


def close_payload(code, reason=b""):
    return struct.pack(">H", code) + reason


def connect_tcp(port, timeout=10.0):
    connection = socket.create_connection(("127.0.0.1", port), timeout)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def upgrade_request(port, headers=(), host=None, key=None, target="/"):
    key = key or base64.b64encode(os.urandom(16)).decode()
    lines = [f"GET {target} HTTP/1.1", f"Host: {host or f'127.0.0.1:{port}'}", "Upgrade: websocket",
             "Connection: Upgrade", f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13"]
    lines += [f"{name}: {value}" for name, value in headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode(), key


class RawWebSocket:
    """Connects and upgrades at once; raises Refused if the answer is not a correct 101."""

    def __init__(self, port, *, headers=(), host=None, timeout=10.0):
        self.socket = connect_tcp(port, timeout)
        self.buffer = bytearray()
        self.ended = False
        try:
            self._upgrade(port, headers, host)
        except BaseException:
            self.socket.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def _upgrade(self, port, headers, host):
        request, key = upgrade_request(port, headers, host)
        self.socket.sendall(request)
        status, self.headers, body = self.read_response()
        if status != 101:
            raise Refused(status, body.decode(errors="replace").strip())
        proof = base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()
        if self.headers.get("sec-websocket-accept") != proof:
            raise AssertionError(f"Sec-WebSocket-Accept is {self.headers.get('sec-websocket-accept')}, not {proof}")

    def read_response(self):
        """An HTTP response: status, headers in lower case, body (only if Content-Length says so)."""
        while b"\r\n\r\n" not in self.buffer:
            self._read_more()
        head, _, rest = bytes(self.buffer).partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        size = int(headers.get("content-length", "0"))
        self.buffer = bytearray(rest)
        while len(self.buffer) < size:
            self._read_more()
        body = bytes(self.buffer[:size])
        del self.buffer[:size]
        return int(lines[0].split(" ")[1]), headers, body

    def _read_more(self):
        received = self.socket.recv(1 << 20)
        if not received:
            self.ended = True
            raise EOFError("the server ended the connection")
        self.buffer += received

    def send(self, raw):
        self.socket.sendall(raw)

    def send_text(self, text):
        self.send(frame(TEXT, text))

    def _need(self, count):
        while len(self.buffer) < count:
            self._read_more()

    def read_frame(self):
        """The next frame. EOFError: a clean end (FIN). ConnectionResetError: an RST."""
        self._need(2)
        first, second = self.buffer[0], self.buffer[1]
        if second & 0x80:
            raise AssertionError("a server must not mask")
        start, size = 2, second & 0x7F
        if size == 126:
            self._need(4)
            start, size = 4, struct.unpack_from(">H", self.buffer, 2)[0]
        elif size == 127:
            self._need(10)
            start, size = 10, struct.unpack_from(">Q", self.buffer, 2)[0]
        self._need(start + size)
        payload = bytes(memoryview(self.buffer)[start:start + size])
        del self.buffer[:start + size]
        return Frame(bool(first & 0x80), first >> 4 & 7, first & 15, payload)

    def read_message(self):
        """The next whole message as (opcode, payload); answers pings. A Close frame comes as one."""
        opcode, parts = None, []
        while True:
            got = self.read_frame()
            if got.opcode == PING:
                self.send(frame(PONG, got.payload))
            elif got.opcode == CLOSE:
                return CLOSE, got.payload
            elif got.opcode != PONG:
                opcode = got.opcode if got.opcode != CONTINUATION else opcode
                parts.append(got.payload)
                if got.fin:
                    return opcode, b"".join(parts)

    def read_close_code(self):
        """Skips to the Close frame: its code, or None if it carries none."""
        while True:
            got = self.read_frame()
            if got.opcode == CLOSE:
                return struct.unpack(">H", got.payload[:2])[0] if got.payload else None

    def expect_end(self, within=5.0):
        """Nothing but a clean end may follow."""
        self.socket.settimeout(within)
        try:
            left = self.read_frame()
        except EOFError:
            return
        raise AssertionError(f"a frame after the Close frame: {left}")

    def close(self, code=1000):
        self.send(frame(CLOSE, close_payload(code)))
        return self.read_close_code()


def until(what, seconds=10.0, every=0.01):
    """Asks until the answer is true, and gives it; AssertionError when the time is up."""
    end = time.monotonic() + seconds
    while True:
        answer = what()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {getattr(what, '__name__', what)}")
        time.sleep(every)
