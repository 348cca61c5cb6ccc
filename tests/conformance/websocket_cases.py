# SPDX-License-Identifier: MIT
"""The cases of websocket_conformance.py as data, numbered after the families of the Autobahn test suite.

A case: its name, the bytes to send, and what must come back: ("text", bytes), ("binary", bytes), ("pong", bytes), and at
last ("close", code) if the server is the one to close. `chop`: sent in pieces of so many bytes.
"""

import zlib
from collections import namedtuple

from raw_websocket import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, close_payload, frame

Case = namedtuple("Case", "name send expect chop")
MESSAGE_BYTES_MAX = 16 << 20


def case(name, send, *expect, chop=0):
    return Case(name, send, list(expect), chop)


def fragments(opcode, parts, **how):
    """One message in these pieces."""
    last = len(parts) - 1
    return b"".join(frame(opcode if i == 0 else CONTINUATION, part, fin=i == last, **how) for i, part in enumerate(parts))


def pieces(data, size):
    return [data[i:i + size] for i in range(0, len(data), size)] or [b""]


def framing():
    for size in (0, 1, 125, 126, 127, 128, 65535, 65536):
        yield case(f"1.1 text of {size}", frame(TEXT, b"*" * size), ("text", b"*" * size))
        yield case(f"1.2 binary of {size}", frame(BINARY, b"\xfe" * size), ("binary", b"\xfe" * size))
    yield case("1.1.8 text of 65536 in pieces of 997", frame(TEXT, b"*" * 65536), ("text", b"*" * 65536), chop=997)
    yield case("1.2.8 binary byte by byte", frame(BINARY, bytes(range(200))), ("binary", bytes(range(200))), chop=1)
    yield case("1 a mask of zeros", frame(TEXT, b"plain", mask=bytes(4)), ("text", b"plain"))
    yield case("1 no mask", frame(TEXT, b"plain", mask=None), ("close", 1002))
    for size, form in ((125, 16), (0, 64), (65535, 64)):
        yield case(f"1 length {size} in {form} bits", frame(BINARY, b"x" * size, form=form), ("close", 1002))
    yield case("1 length bit 63", frame(BINARY, b"x", declared=1 << 63, form=64), ("close", 1002))
    yield case("1 all length bits", frame(BINARY, b"x", declared=(1 << 64) - 1, form=64), ("close", 1002))


def pings():
    for data in (b"", b"Hello, world!", b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff", b"\xfe" * 125):
        yield case(f"2.1-4 ping of {len(data)}", frame(PING, data), ("pong", data))
        yield case(f"2.6 ping of {len(data)} byte by byte", frame(PING, data), ("pong", data), chop=1)
    yield case("2.5 ping of 126", frame(PING, b"\xfe" * 126), ("close", 1002))
    yield case("2.7 a pong nobody asked for", frame(PONG) + frame(PING, b"after"), ("pong", b"after"))
    yield case("2.8 with payload", frame(PONG, b"unasked") + frame(PING, b"after"), ("pong", b"after"))
    ten = [f"payload-{i}".encode() for i in range(10)]
    yield case("2.10 ten pings", b"".join(frame(PING, each) for each in ten), *[("pong", each) for each in ten])
    yield case("2.11 ten pings byte by byte", b"".join(frame(PING, each) for each in ten),
               *[("pong", each) for each in ten], chop=1)


def reserved():
    good = frame(TEXT, b"*" * 64)
    for rsv in range(1, 8):
        yield case(f"3.1 RSV {rsv} on text", frame(TEXT, b"x", rsv=rsv), ("close", 1002))
        yield case(f"3.2 RSV {rsv} after a message", good + frame(TEXT, b"x", rsv=rsv) + frame(PING),
                   ("text", b"*" * 64), ("close", 1002))
        yield case(f"3.4 RSV {rsv} byte by byte", good + frame(BINARY, b"x", rsv=rsv), ("text", b"*" * 64),
                   ("close", 1002), chop=1)
        yield case(f"3.6 RSV {rsv} on ping", frame(PING, b"x", rsv=rsv), ("close", 1002))
        yield case(f"3.7 RSV {rsv} on close", frame(CLOSE, close_payload(1000), rsv=rsv), ("close", 1002))
    for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
        yield case(f"4.1 opcode {opcode}", frame(opcode), ("close", 1002))
        yield case(f"4.2 opcode {opcode} after a message", good + frame(opcode, b"x") + frame(PING),
                   ("text", b"*" * 64), ("close", 1002))
        yield case(f"4.2 opcode {opcode} byte by byte", good + frame(opcode, b"x"), ("text", b"*" * 64),
                   ("close", 1002), chop=1)


def fragmentation():
    first, second = frame(TEXT, b"fragment1", fin=False), frame(CONTINUATION, b"fragment2")
    both = ("text", b"fragment1fragment2")
    yield case("5.1 ping in pieces", frame(PING, b"a", fin=False) + frame(CONTINUATION, b"b"), ("close", 1002))
    yield case("5.2 pong in pieces", frame(PONG, b"a", fin=False) + frame(CONTINUATION, b"b"), ("close", 1002))
    for chop in (0, 1):
        yield case(f"5.3-5 two pieces, chop {chop}", first + second, both, chop=chop)
        yield case(f"5.6-8 a ping between, chop {chop}", first + frame(PING, b"p") + second, ("pong", b"p"), both, chop=chop)
    for chop in (0, 1):
        yield case(f"5.9-11 a continuation of nothing, chop {chop}", frame(CONTINUATION, b"x") + frame(TEXT, b"Hello"),
                   ("close", 1002), chop=chop)
    yield case("5.12-14 the same, not the last", frame(CONTINUATION, b"x", fin=False) + frame(TEXT, b"Hello"), ("close", 1002))
    yield case("5.15 after a whole message", first + second + frame(CONTINUATION, b"x", fin=False) + frame(TEXT, b"Hello"),
               both, ("close", 1002))
    yield case("5.16 twice a continuation first", (frame(CONTINUATION, b"x", fin=False) + frame(TEXT, b"y", fin=False)
                                                   + frame(CONTINUATION, b"z")) * 2, ("close", 1002))
    yield case("5.18 text within text", first + frame(TEXT, b"fragment2"), ("close", 1002))
    long = [f"fragment{i}".encode() for i in range(1, 6)]
    between = (frame(TEXT, long[0], fin=False) + frame(CONTINUATION, long[1], fin=False) + frame(PING, b"1")
               + frame(CONTINUATION, long[2], fin=False) + frame(CONTINUATION, long[3], fin=False) + frame(PING, b"2")
               + frame(CONTINUATION, long[4]))
    for chop in (0, 1):
        yield case(f"5.19-20 five pieces, two pings, chop {chop}", between, ("pong", b"1"), ("pong", b"2"),
                   ("text", b"".join(long)), chop=chop)
    yield case("5 empty pieces", fragments(BINARY, [b"", b"", b"x", b"", b""]), ("binary", b"x"))


# Valid and invalid sequences after Markus Kuhn's UTF-8 decoder stress test, Unicode 15 table 3-7.
UTF8_VALID = ["κόσμε".encode(), b"\x00", b"\xc2\x80", b"\xe0\xa0\x80", b"\xf0\x90\x80\x80", b"\x7f", b"\xdf\xbf",
              b"\xef\xbf\xbf", b"\xf4\x8f\xbf\xbf", b"\xed\x9f\xbf", b"\xee\x80\x80", b"\xef\xbf\xbd", b"\xef\xbf\xbe",
              b"\xf0\x9f\xbf\xbe", "Hello-µ@ßöäüàá-UTF-8!!".encode()]
UTF8_INVALID = [b"\x80", b"\xbf", b"\x80\xbf\x80", bytes(range(0x80, 0xC0)), b"\xc0 \xc1 ", b"\xe0 ", b"\xf0 ", b"\xf8 ",
                b"\xfc ", b"\xc0", b"\xe0\x80", b"\xf0\x80\x80", b"\xf8\x80\x80\x80", b"\xdf", b"\xef\xbf", b"\xf7\xbf\xbf",
                b"\xc0\xaf", b"\xe0\x80\xaf", b"\xf0\x80\x80\xaf", b"\xc1\xbf", b"\xe0\x9f\xbf", b"\xf0\x8f\xbf\xbf",
                b"\xc0\x80", b"\xe0\x80\x80", b"\xed\xa0\x80", b"\xed\xad\xbf", b"\xed\xbf\xbf", b"\xed\xa0\x80\xed\xb0\x80",
                b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xfe", b"\xff", b"\xfe\xfe\xff\xff",
                "κόσμε".encode() + b"\xed\xa0\x80edited"]


def utf8():
    yield case("6.1 empty", fragments(TEXT, [b""]), ("text", b""))
    yield case("6.1 three empty pieces", fragments(TEXT, [b"", b"", b""]), ("text", b""))
    yield case("6.1 one piece not empty", fragments(TEXT, [b"", b"middle", b""]), ("text", b"middle"))
    greek = "Hello-µ@ßöäüàá-UTF-8!!".encode()
    yield case("6.2 whole", frame(TEXT, greek), ("text", greek))
    yield case("6.2 cut within code points", fragments(TEXT, pieces(greek, 1)), ("text", greek))
    for number, good in enumerate(UTF8_VALID):
        padded = b"x" * 17 + good + b"y" * 33
        yield case(f"6.5+ valid {number}", frame(TEXT, good) + frame(TEXT, padded), ("text", good), ("text", padded))
        yield case(f"6.5+ valid {number}, in pieces, byte by byte", fragments(TEXT, pieces(good, 1)), ("text", good), chop=1)
    for number, bad in enumerate(UTF8_INVALID):
        yield case(f"6.5+ invalid {number}", frame(TEXT, bad), ("close", 1007))
        yield case(f"6.5+ invalid {number}, padded", frame(TEXT, b"x" * 40 + bad + b"y" * 40), ("close", 1007))
        yield case(f"6.5+ invalid {number}, in pieces", fragments(TEXT, pieces(bad, 1)), ("close", 1007))
        yield case(f"6.5+ invalid {number}, as binary", frame(BINARY, bad), ("binary", bad))
    # Fails fast: nothing that is sent here ends the message or its frame, so the octets alone must do.
    start = "κόσμε".encode()
    yield case("6.4.1 bad in the second piece", frame(TEXT, start, fin=False)
               + frame(CONTINUATION, b"\xf4\x90\x80\x80", fin=False), ("close", 1007))
    yield case("6.4.3 bad within a frame", frame(TEXT, start + b"\xf4\x90", declared=100), ("close", 1007), chop=1)
    yield case("6.4.4 a lone second byte", frame(TEXT, b"\xed\xa0", declared=50), ("close", 1007))


def closing():
    yield case("7.1.1 a message, then close", frame(TEXT, b"Hello") + frame(CLOSE, close_payload(1000)), ("text", b"Hello"),
               ("close", 1000))
    yield case("7.1.2 two closes", frame(CLOSE, close_payload(1000)) * 2, ("close", 1000))
    yield case("7.1.3 a ping after the close", frame(CLOSE, close_payload(1000)) + frame(PING), ("close", 1000))
    yield case("7.1.4 a text after the close", frame(CLOSE, close_payload(1000)) + frame(TEXT, b"x"), ("close", 1000))
    yield case("7.1.5 a close within a message", frame(TEXT, b"x", fin=False) + frame(CLOSE, close_payload(1000))
               + frame(CONTINUATION, b"y"), ("close", 1000))
    yield case("7.1.6 256 KiB, close, ping", frame(TEXT, b"B" * (256 << 10)) + frame(CLOSE, close_payload(1000)) + frame(PING),
               ("text", b"B" * (256 << 10)), ("close", 1000))
    yield case("7.3.1 an empty close", frame(CLOSE), ("close", None))
    yield case("7.3.2 a close of one byte", frame(CLOSE, b"a"), ("close", 1002))
    yield case("7.3.4 with a reason", frame(CLOSE, close_payload(1000, b"Hello")), ("close", 1000))
    yield case("7.3.5 the longest reason", frame(CLOSE, close_payload(1000, b"*" * 123)), ("close", 1000))
    yield case("7.3.6 too long a reason", frame(CLOSE, close_payload(1000, b"*" * 124)), ("close", 1002))
    yield case("7.5.1 a reason not UTF-8", frame(CLOSE, close_payload(1000, b"\xed\xa0\x80")), ("close", 1007))
    for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999):
        yield case(f"7.7 code {code}", frame(CLOSE, close_payload(code)), ("close", code))
    for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535):
        yield case(f"7.9, 7.13 code {code}", frame(CLOSE, close_payload(code)), ("close", 1002))
    yield case("7 much more after a violation", frame(3) + frame(BINARY, bytes(1 << 20)), ("close", 1002))
    yield case("7 much more after the close", frame(CLOSE, close_payload(1000)) + bytes(1 << 20), ("close", 1000))


def sizes():
    for kib in (64, 256, 1 << 10, 4 << 10, 8 << 10, 16 << 10):
        size = kib << 10
        text, data = b"*" * size, bytes(range(256)) * (size // 256)
        yield case(f"9.1 text of {kib} KiB", frame(TEXT, text), ("text", text))
        yield case(f"9.2 binary of {kib} KiB", frame(BINARY, data), ("binary", data))
    four = bytes(range(256)) * (4 << 12)
    for size in (64, 256, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20):
        yield case(f"9.4 4 MiB in frames of {size}", fragments(BINARY, pieces(four, size)), ("binary", four))
    yield case("9.3.1 65,537 frames", fragments(TEXT, pieces(b"*" * (4 << 20), 64) + [b""]), ("text", b"*" * (4 << 20)))
    yield case("9 65,538 frames", fragments(TEXT, pieces(b"*" * (4 << 20), 64) + [b"", b""]), ("close", 1008))
    for chop in (64, 128, 1024):
        yield case(f"9.5-6 1 MiB in pieces of {chop}", frame(TEXT, b"*" * (1 << 20)), ("text", b"*" * (1 << 20)), chop=chop)
    for size in (0, 16, 64, 256, 1024):
        yield case(f"9.7-8 1,000 messages of {size}", frame(BINARY, b"m" * size) * 1000, *[("binary", b"m" * size)] * 1000)
    yield case("9 one byte too many", frame(BINARY, bytes(MESSAGE_BYTES_MAX + 1)), ("close", 1009))
    yield case("9 one byte too many, declared", frame(BINARY, b"", declared=MESSAGE_BYTES_MAX + 1), ("close", 1009))
    yield case("9 one byte too many, in pieces", fragments(BINARY, [bytes(MESSAGE_BYTES_MAX), b"x"]), ("close", 1009))
    yield case("10.1.1 65,536 in frames of 1,300", fragments(TEXT, pieces(b"*" * 65536, 1300)), ("text", b"*" * 65536))


def deflated(data, final=zlib.Z_SYNC_FLUSH, level=6):
    """A message as RFC 7692 section 7.2.1 wants it: without the last four octets."""
    squeezer = zlib.compressobj(level, zlib.DEFLATED, -15)
    squeezed = squeezer.compress(data) + squeezer.flush(final)
    return squeezed[:-4] if final == zlib.Z_SYNC_FLUSH else squeezed + b"\x00"


def compression():
    """Families 12 and 13, with permessage-deflate agreed."""
    words = b"The quick brown fox jumps over the lazy dog. " * 30
    mixed = bytes((i * 7919 >> 3) & 255 for i in range(4096))
    for size in (0, 1, 16, 64, 256, 1023, 1024, 1025, 4096, 16 << 10, 128 << 10, 1 << 20):
        text = (words * (size // len(words) + 1))[:size]
        yield case(f"12.1 text of {size}", frame(TEXT, deflated(text), rsv=4), ("text", text))
        data = (mixed * (size // 4096 + 1))[:size]
        yield case(f"12.3 binary of {size}", frame(BINARY, deflated(data), rsv=4), ("binary", data))
        yield case(f"12 not compressed, {size}", frame(BINARY, data), ("binary", data))
    zeros = bytes(MESSAGE_BYTES_MAX)
    yield case("12 16 MiB of zeros", frame(BINARY, deflated(zeros), rsv=4), ("binary", zeros))
    yield case("12 stored blocks", frame(TEXT, deflated(words, level=0), rsv=4), ("text", words))
    yield case("12 a final block", frame(TEXT, deflated(words, zlib.Z_FINISH), rsv=4), ("text", words))
    yield case("12 100 messages", frame(TEXT, deflated(words), rsv=4) * 100, *[("text", words)] * 100)
    squeezed = pieces(deflated(words), 10)
    pieced = frame(TEXT, squeezed[0], rsv=4, fin=False) + b"".join(
        frame(CONTINUATION, each, fin=each is squeezed[-1]) for each in squeezed[1:])
    yield case("12 in pieces, byte by byte", pieced, ("text", words), chop=1)
    yield case("12 RSV1 on a continuation", frame(TEXT, squeezed[0], rsv=4, fin=False) + frame(CONTINUATION, squeezed[1], rsv=4),
               ("close", 1002))
    yield case("12 RSV1 on a ping", frame(PING, rsv=4), ("close", 1002))
    yield case("12 RSV2", frame(TEXT, deflated(words), rsv=2), ("close", 1002))
    yield case("12 no deflate stream", frame(TEXT, b"\xff" * 40, rsv=4), ("close", 1007))
    yield case("12 inflates to no UTF-8", frame(TEXT, deflated(b"\xed\xa0\x80"), rsv=4), ("close", 1007))
    yield case("12 a bomb", frame(BINARY, deflated(bytes(64 << 20)), rsv=4), ("close", 1009))
    yield case("12 one byte too many", frame(BINARY, deflated(bytes(MESSAGE_BYTES_MAX + 1)), rsv=4), ("close", 1009))


PLAIN = [framing, pings, reserved, fragmentation, utf8, closing, sizes]
DEFLATE = [framing, pings, fragmentation, utf8, closing, compression]
