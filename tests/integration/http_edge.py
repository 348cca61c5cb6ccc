#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The port's HTTP side with curl: pages, refusals, and who may upgrade to a WebSocket."""

import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "support"))
from mesh import run, say  # noqa: E402

UPGRADE = ("-H", "Connection: keep-alive, Upgrade", "-H", "Upgrade: WebSocket", "-H", "Sec-WebSocket-Version: 13",
           "-H", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="  # Of that key: RFC 6455, section 1.3.

BINDING = {"content-security-policy": "default-src 'none'; frame-ancestors 'none'", "x-content-type-options": "nosniff",
           "x-frame-options": "DENY", "referrer-policy": "no-referrer", "cross-origin-resource-policy": "same-origin",
           "cache-control": "no-store"}


def curl(*arguments, seconds=5):
    """The whole answer, head and body. An upgraded connection stays open, so curl's own time limit may end it."""
    command = ["curl", "--silent", "--include", "--http1.1", "--noproxy", "*", "--max-time", str(seconds), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=seconds + 5, check=False).stdout


def split(answer):
    head, _, body = answer.partition("\n\n")
    lines = head.splitlines()
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    return int(lines[0].split(" ")[1]) if lines else 0, headers, body


def expect(what, answer, status, **wanted):
    got, headers, body = split(answer)
    assert got == status, f"{what}: {got}, not {status}\n{answer}"
    for name, value in wanted.items():
        heard = headers.get(name.replace("_", "-"))
        assert heard == value, f"{what}: {name} is {heard!r}, not {value!r}"
    if status != 101:
        assert headers.get("connection") == "close" and "content-length" in headers, f"{what}: {headers}"
        for name, value in BINDING.items():
            assert value in headers.get(name, ""), f"{what}: {name} is {headers.get(name)!r}"
    assert not {"set-cookie", "access-control-allow-origin"} & set(headers), f"{what}: {headers}"
    return body


def pages(node, base):
    about = expect("GET /", curl(base + "/"), 200)
    assert node.name in about and node.workspace in about, about
    expect("GET /health", curl(base + "/health"), 200)
    size = split(curl(base + "/"))[1]["content-length"]
    assert expect("HEAD /", curl("--head", base + "/"), 200, content_length=size) == ""
    expect("POST /", curl("-X", "POST", base + "/"), 405)
    expect("DELETE /health", curl("-X", "DELETE", base + "/health"), 405)
    expect("a body", curl("--data", "x=1", base + "/"), 400)
    expect("chunks", curl("-X", "POST", "-H", "Transfer-Encoding: chunked", "--data", "x", base + "/"), 501)
    expect("an unknown page", curl(base + "/nowhere"), 404)
    expect("a path with dots", curl("--path-as-is", base + "/../../etc/passwd"), 404)
    expect("a head of 9 KiB", curl("-H", "A: " + "b" * 9216, base + "/"), 431)
    expect("localhost", curl("-H", f"Host: localhost:{node.port}", base + "/"), 200)
    expect("letters' case", curl("-H", "Host: LocalHost", base + "/"), 200)
    for host in ("evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "10.0.0.1", "0.0.0.0", "[::]"):
        expect(host, curl("-H", f"Host: {host}", base + "/"), 421)
        expect(host, curl("-H", f"Host: {host}", base + "/health"), 421)
        expect(host, curl("-H", f"Host: {host}", *UPGRADE, base + "/"), 421)
    for origin in ("http://evil.example", "null"):
        for page in ("/", "/health", "/nowhere"):
            expect(origin, curl("-H", f"Origin: {origin}", base + page), 403)
    expect("a page of this host", curl("-H", "Origin: http://localhost:3000", base + "/health"), 200)


def matrix(mesh):
    """Every Host with every Origin, at a node that was told names of its own: only what is on both lists gets in."""
    node = mesh.node("named", "--no-beacon", "--allow-host", "node.example", "--allow-origin", "https://app.example")
    base = f"http://127.0.0.1:{node.port}"
    hosts = {"node.example": True, "NODE.example:1": True, "localhost": True, "evil.example": False,
             "node.example.evil.example": False, "xnode.example": False}
    origins = {"https://app.example": True, "https://app.example:443": True, None: True, "null": False,
               "http://app.example": False, "https://app.example:8443": False, "https://app.example.evil.example": False}
    for host, known in hosts.items():
        for origin, allowed in origins.items():
            more = ["-H", f"Host: {host}", *(["-H", f"Origin: {origin}"] if origin else [])]
            status = 421 if not known else 200 if allowed else 403
            expect((host, origin), curl(*more, base + "/health"), status)
            expect((host, origin), curl(*UPGRADE, *more, base + "/", seconds=0.3), 101 if status == 200 else status)


def upgrades(base):
    expect("an upgrade", curl(*UPGRADE, base + "/", seconds=0.3), 101, upgrade="websocket", sec_websocket_accept=ACCEPT)
    for name in ("askr.v1.json", "askr.v1.msgpack"):
        expect(name, curl(*UPGRADE, "-H", f"Sec-WebSocket-Protocol: mqtt, {name}", base + "/", seconds=0.3), 101,
               sec_websocket_protocol=name)
    expect("an unknown subprotocol", curl(*UPGRADE, "-H", "Sec-WebSocket-Protocol: mqtt", base + "/"), 400)
    expect("version 8", curl(*UPGRADE[:4], "-H", "Sec-WebSocket-Version: 8", *UPGRADE[6:], base + "/"), 426,
           sec_websocket_version="13")
    expect("no key", curl(*UPGRADE[:6], base + "/"), 400)
    expect("a short key", curl(*UPGRADE[:6], "-H", "Sec-WebSocket-Key: c2hvcnQ=", base + "/"), 400)
    expect("two keys", curl(*UPGRADE, *UPGRADE[6:], base + "/"), 400)
    for origin in ("http://evil.example", "https://evil.example", "null", "http://127.0.0.1.evil.example", "file://"):
        expect(origin, curl(*UPGRADE, "-H", f"Origin: {origin}", base + "/"), 403)
    for origin in ("http://127.0.0.1:3000", "http://localhost", "https://localhost:8443"):
        expect(origin, curl(*UPGRADE, "-H", f"Origin: {origin}", base + "/", seconds=0.3), 101)


def test(mesh):
    node = mesh.node("http", "--no-beacon")
    base = f"http://127.0.0.1:{node.port}"
    pages(node, base)
    upgrades(base)
    matrix(mesh)
    with node.client() as client:
        assert client.call("askr.ping") == "pong"
    say("pages, refusals and upgrades: as they should be")


if not shutil.which("curl"):
    say("SKIPPED: needs curl (tools/setup.sh --tests)")
    sys.exit(77)
run(test)
