# SPDX-License-Identifier: MIT
"""Just enough msgpack for the client wire, from the specification: nil, booleans, integers, float 64, str, array, map."""

import struct

_FIXED = {0xC0: None, 0xC2: False, 0xC3: True}
_NUMBERS = {0xCA: ">f", 0xCB: ">d", 0xCC: ">B", 0xCD: ">H", 0xCE: ">I", 0xCF: ">Q",
            0xD0: ">b", 0xD1: ">h", 0xD2: ">i", 0xD3: ">q"}
_SIZES = {0xC4: (">B", "bin"), 0xC5: (">H", "bin"), 0xC6: (">I", "bin"), 0xD9: (">B", "str"), 0xDA: (">H", "str"),
          0xDB: (">I", "str"), 0xDC: (">H", "array"), 0xDD: (">I", "array"), 0xDE: (">H", "map"), 0xDF: (">I", "map")}


def pack(what):
    if what is None or isinstance(what, bool):
        return b"\xc0" if what is None else b"\xc3" if what else b"\xc2"
    if isinstance(what, int):
        if -32 <= what < 128:
            return struct.pack(">b", what)
        return b"\xd3" + struct.pack(">q", what) if what < 2**63 else b"\xcf" + struct.pack(">Q", what)
    if isinstance(what, float):
        return b"\xcb" + struct.pack(">d", what)
    if isinstance(what, str):
        text = what.encode()
        return b"\xdb" + struct.pack(">I", len(text)) + text
    if isinstance(what, dict):
        return b"\xdf" + struct.pack(">I", len(what)) + b"".join(pack(k) + pack(v) for k, v in what.items())
    return b"\xdd" + struct.pack(">I", len(what)) + b"".join(pack(each) for each in what)


def unpack(data):
    what, end = _read(data, 0)
    assert end == len(data), "bytes after the msgpack object"
    return what


def _read(data, at):
    tag, at = data[at], at + 1
    if tag < 0x80 or tag >= 0xE0:
        return (tag if tag < 0x80 else tag - 256), at
    if tag in _FIXED:
        return _FIXED[tag], at
    if tag in _NUMBERS:
        form = _NUMBERS[tag]
        return struct.unpack_from(form, data, at)[0], at + struct.calcsize(form)
    if tag in _SIZES:
        form, kind = _SIZES[tag]
        return _read_sized(data, at + struct.calcsize(form), kind, struct.unpack_from(form, data, at)[0])
    if tag < 0xA0:
        return _read_sized(data, at, "map" if tag < 0x90 else "array", tag & 15)
    assert tag < 0xC0, f"unexpected tag {tag:#x}"
    return _read_sized(data, at, "str", tag & 31)


def _read_sized(data, at, kind, size):
    if kind in ("str", "bin"):
        raw = bytes(data[at:at + size])
        assert len(raw) == size, "cut off"
        return (raw.decode() if kind == "str" else raw), at + size
    items = []
    for _ in range(size * (2 if kind == "map" else 1)):
        item, at = _read(data, at)
        items.append(item)
    return (dict(zip(items[::2], items[1::2])) if kind == "map" else items), at
