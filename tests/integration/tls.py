#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""TLS for clients, seen by clients that askr did not write: python3-websockets and curl over wss:// and https:// on the
node's one port, certificates that are exchanged under a session, clients' certificates, and strangers that break off."""

import asyncio
import json
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "support"))
import websockets  # noqa: E402
from certificates import Authority, can_make_certificates  # noqa: E402
from mesh import run, say  # noqa: E402
from network import Network, can_make_networks  # noqa: E402
from raw_websocket import until  # noqa: E402

HANDSHAKE_SECONDS = 5
LOCAL = "IP:127.0.0.1,DNS:localhost"


def context_for(authority, shown=None):
    made = ssl.create_default_context(cafile=str(authority.certificate))
    made.set_alpn_protocols(["http/1.1"])
    if shown:
        made.load_cert_chain(*map(str, shown))
    return made


def connect(node, authority, shown=None):
    plain = socket.create_connection(("127.0.0.1", node.port), 10)
    return context_for(authority, shown).wrap_socket(plain, server_hostname="localhost")


def curl(node, authority, *more, scheme="https"):
    command = ["curl", "--silent", "--include", "--noproxy", "*", "--max-time", "5", "--cacert", str(authority.certificate)]
    command += [*more, f"{scheme}://127.0.0.1:{node.port}/health"]
    return subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)


def serial_of(node, authority):
    with connect(node, authority) as wire:
        return wire.getpeercert()["serialNumber"]


async def call(wire, mid, command, data=None):
    await wire.send(json.dumps({"mid": mid, "command": command, "data": data}))
    return json.loads(await wire.recv())


def with_websockets(node, authority):
    """The usual things, a message of several TLS records included, while plain clients of this host go on as before."""

    async def talk():
        async with websockets.connect(f"wss://localhost:{node.port}", ssl=context_for(authority)) as wire:
            assert await call(wire, "1", "askr.ping") == {"mid": "1", "value": "pong"}
            large = "x" * 500_000
            assert (await call(wire, "2", "askr.echo", large))["value"] == large
            await asyncio.gather(*(wire.send(json.dumps({"mid": str(i), "command": "askr.ping"})) for i in range(3, 503)))
            mids = {json.loads(await wire.recv())["mid"] for _ in range(500)}
            assert len(mids) == 500

    asyncio.run(talk())
    with node.client() as client:
        assert client.call("askr.ping") == "pong"


def with_curl(node, authority):
    answer = curl(node, authority)
    assert "HTTP/1.1 200" in answer.stdout and answer.stdout.endswith("ok\n"), answer
    said = curl(node, authority, "--verbose", "--http2", "--tls-max", "1.2").stderr
    assert "TLSv1.2" in said and "accepted to use http/1.1" in said.replace("server accepted http/1.1", "accepted to use http/1.1"), said
    assert curl(node, authority, "--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0").returncode != 0
    assert "HTTP/1.1 200" in curl(node, authority, scheme="http").stdout
    assert "HTTP/1.1 421" in curl(node, authority, "-H", "Host: evil.example").stdout
    assert "HTTP/1.1 403" in curl(node, authority, "-H", "Origin: http://evil.example").stdout


def with_the_cli(mesh, node, authority, other):
    url = f"wss://127.0.0.1:{node.port}"
    sent = mesh.askr("--url", url, "--ca", authority.certificate, "send", "askr.echo", '"' + "y" * 100_000 + '"')
    assert sent.returncode == 0 and len(sent.stdout) > 100_000, sent.stderr
    for wrong in (["--ca", other.certificate], []):
        sent = mesh.askr("--url", url, *wrong, "send", "askr.ping")
        assert sent.returncode == 1 and "unauthenticated" in sent.stderr and "certificate" in sent.stderr, sent.stderr
    certificate, key = authority.issue("elsewhere", "DNS:node.example")
    elsewhere = mesh.node("elsewhere", "--no-beacon", "--tls-cert", certificate, "--tls-key", key)
    sent = mesh.askr("--url", f"wss://127.0.0.1:{elsewhere.port}", "--ca", authority.certificate, "send", "askr.ping")
    assert sent.returncode == 1 and "mismatch" in sent.stderr, sent.stderr
    sent = mesh.askr("--url", url, "--ca", mesh.folder / "nowhere", "send", "askr.ping")
    assert sent.returncode == 1 and "bad_key_file" in sent.stderr, sent.stderr


def exchanged(mesh, node, authority, files):
    """New files count for new connections; those that are open go on. What does not fit together counts for nobody."""
    before = serial_of(node, authority)

    async def talk():
        async with websockets.connect(f"wss://localhost:{node.port}", ssl=context_for(authority)) as wire:
            assert (await call(wire, "1", "askr.ping"))["value"] == "pong"
            certificate, key = authority.issue("renewed", LOCAL)
            os.replace(certificate, files[0])
            until(lambda: "old ones stay in use" in node.log(), 5)
            assert serial_of(node, authority) == before
            os.replace(key, files[1])
            until(lambda: serial_of(node, authority) != before, 5, 0.1)
            assert (await call(wire, "2", "askr.ping"))["value"] == "pong"

    asyncio.run(talk())
    os.chmod(files[1], 0o644)
    os.utime(files[1])
    until(lambda: "chmod 600" in node.log(), 5)
    os.chmod(files[1], 0o600)
    assert serial_of(node, authority) != before
    _ = mesh


def refused_at_start(mesh, authority):
    certificate, key = authority.issue("good", LOCAL)
    _, another = authority.issue("another", LOCAL)
    open_key = mesh.folder / "open.key"
    shutil.copy(key, open_key)
    open_key.chmod(0o644)
    half = mesh.folder / "half.pem"
    half.write_text(certificate.read_text()[:200])
    empty = mesh.folder / "empty.pem"
    empty.touch(mode=0o600)
    cases = ((mesh.folder / "nowhere", key), (certificate, another), (certificate, open_key), (half, key), (key, certificate),
             (certificate, empty), (mesh.folder, key))
    for given in cases:
        done = mesh.askr("node", "--port", "0", "--no-beacon", "--tls-cert", given[0], "--tls-key", given[1])
        assert done.returncode == 1 and "bad_key_file" in done.stderr, (given, done.stderr)
        assert "PRIVATE" not in done.stderr + done.stdout
    done = mesh.askr("node", "--tls-cert", certificate)
    assert done.returncode == 2, done.stderr


def strangers(node, authority):
    """Half handshakes, single octets now and then, and garbage: each ends in time, and members notice nothing."""
    hello = b"\x16\x03\x01\x02\x00" + os.urandom(512)
    for said in (hello, b"\x16\x02", b"\x16\x03\x01\xff\xff", b"\x16GET / HTTP/1.1\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", node.port), 10) as wire:
            wire.sendall(said)
            heard = wire.recv(4096)  # At most an alert.
            assert heard == b"" or heard[0] == 0x15, heard
    with connect(node, authority) as wire:  # What is well encrypted may still be garbage.
        wire.sendall(os.urandom(64).replace(b"\n", b"x") + b"\r\n\r\n")
        assert wire.recv(4096).startswith(b"HTTP/1.1 400")
    begun = [socket.create_connection(("127.0.0.1", node.port), 10) for _ in range(100)]
    since = time.monotonic()
    for each in begun:
        each.sendall(hello[:5])
    before = node.rss_kib()
    with connect(node, authority) as silent, connect(node, authority) as member:
        member.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert member.recv(4096).startswith(b"HTTP/1.1 200")
        while begun and time.monotonic() < since + HANDSHAKE_SECONDS + 3:
            time.sleep(0.2)
            for each in list(begun):
                try:
                    each.sendall(b"\x01")
                except OSError:
                    begun.remove(each)
        took = time.monotonic() - since
        assert not begun and took > HANDSHAKE_SECONDS - 1, f"{len(begun)} still open after {took:.1f} s"
        silent.settimeout(3)  # Shook hands and said nothing: the same deadline.
        assert b"408" in silent.recv(4096)
    if not node.mesh_sanitized:
        assert node.rss_kib() - before < 1024, f"{node.rss_kib() - before} KiB for strangers"


def full_house(mesh, authority, files):
    """So many handshakes at once and no more; one that has shaken hands makes room."""
    node = mesh.node("full", "--no-beacon", "--tls-cert", files[0], "--tls-key", files[1])
    bio = ssl.MemoryBIO()
    try:
        context_for(authority).wrap_bio(ssl.MemoryBIO(), bio, server_hostname="localhost").do_handshake()
    except ssl.SSLWantReadError:
        pass
    hello = bio.read()
    held = []
    for _ in range(64):
        wire = socket.create_connection(("127.0.0.1", node.port), 10)
        wire.sendall(hello)
        assert wire.recv(1)[0] == 0x16
        held.append(wire)
    with socket.create_connection(("127.0.0.1", node.port), 10) as one_more:
        one_more.sendall(hello)
        assert one_more.recv(1) == b""
    held.pop().close()
    until(lambda: curl(node, authority).returncode == 0, 3, 0.1)
    for each in held:
        each.close()


def over_a_network(mesh):
    """From another host: TLS or nothing, a certificate instead of a token, and --tls-only on the same host, too."""
    network = Network(mesh)
    a, b = network.host("a"), network.host("b")
    network.cable(a, "10.78.1.1/24", b, "10.78.1.2/24")
    authority = Authority(mesh.folder, "site")
    certificate, key = authority.issue("site-node", "IP:10.78.1.1,IP:127.0.0.1")
    ann = authority.issue("ann")
    node = a.node("site", "--no-beacon", "--tls-cert", certificate, "--tls-key", key, "--tls-client-ca", authority.certificate)
    base = ["curl", "--silent", "--noproxy", "*", "--max-time", "5", "--include", "--cacert", authority.certificate]
    assert "HTTP/1.1 200" in b.run(*base, "https://10.78.1.1:8800/health").stdout
    plain = b.run(*base, "http://10.78.1.1:8800/").stdout
    assert "HTTP/1.1 403" in plain and "wss://" in plain and node.name not in plain, plain
    assert "HTTP/1.1 200" in a.run(*base, "http://127.0.0.1:8800/").stdout
    ask = [mesh.binaries / "askr", "--url", "wss://10.78.1.1:8800", "--ca", authority.certificate]
    nobody = b.run(*ask, "send", "askr.ping")
    assert nobody.returncode == 1 and "unauthenticated" in nobody.stderr, nobody.stderr
    shown = b.run(*ask, "--client-cert", ann[0], "--client-key", ann[1], "send", "askr.ping")
    assert shown.returncode == 0 and shown.stdout.strip() == '"pong"', shown.stderr
    stranger = Authority(mesh.folder, "elsewhere").issue("mallory")
    refused = b.run(*ask, "--client-cert", stranger[0], "--client-key", stranger[1], "send", "askr.ping")
    assert refused.returncode == 1 and "unauthenticated" in refused.stderr, refused.stderr
    tokens = mesh.folder / "tokens"
    tokens.touch(mode=0o600)
    tokens.write_text("bea " + "b" * 64 + "\n")
    strict = a.node("strict", "--no-beacon", "--tls-cert", certificate, "--tls-key", key, "--tls-only", "--token-file", tokens,
                    "--tls-client-ca", authority.certificate, port=8900)
    ask[2] = "wss://10.78.1.1:8900"
    shown = b.run(*ask, "--client-cert", ann[0], "--client-key", ann[1], "send", "askr.ping")
    assert shown.returncode == 0, shown.stderr
    assert "unauthenticated" in b.run(*ask, "send", "askr.ping").stderr
    assert strict.url.startswith("wss://"), strict.url
    assert "HTTP/1.1 403" in a.run(*base, "http://127.0.0.1:8900/").stdout
    assert "HTTP/1.1 200" in a.run(*base, "https://127.0.0.1:8900/").stdout


def test(mesh):
    authority, other = Authority(mesh.folder), Authority(mesh.folder, "other")
    files = authority.issue("node", LOCAL)
    node = mesh.node("tls", "--no-beacon", "--tls-cert", files[0], "--tls-key", files[1])
    node.mesh_sanitized = mesh.sanitized
    with_websockets(node, authority)
    with_curl(node, authority)
    with_the_cli(mesh, node, authority, other)
    exchanged(mesh, node, authority, files)
    refused_at_start(mesh, authority)
    strangers(node, authority)
    full_house(mesh, authority, files)
    if can_make_networks():
        over_a_network(mesh)
    say("wss and https as others speak them; certificates exchanged under a session; strangers broke nothing")


if not shutil.which("curl") or not can_make_certificates():
    say("SKIPPED: needs curl and openssl (tools/setup.sh --tests)")
    sys.exit(77)
run(test, 60)
