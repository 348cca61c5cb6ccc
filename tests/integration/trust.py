#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Who may come in, by the command line: certificates, trusted keys, clients' keys and hashed tokens, all of them taken
back again; authenticators of one's own; and no secret in anything that a node says or shows."""

import http.client
import json
import os
import pathlib
import stat
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "support"))
from mesh import lists, names_seen, run, say  # noqa: E402
from raw_websocket import until  # noqa: E402

CHECK = """#!/bin/sh
read -r token
case "$token" in
  good*) echo "friend" ;;
  slow*) sleep 5; echo "late" ;;
  *) exit 1 ;;
esac
"""


def must(mesh, *words):
    done = mesh.askr(*words)
    assert done.returncode == 0, (words, done.stdout, done.stderr)
    return done.stdout.strip()


def refused(mesh, *words):
    done = mesh.askr(*words)
    assert done.returncode != 0, (words, done.stdout)
    return done.stderr


def identity(mesh, name):
    return json.loads(must(mesh, "keygen", "--identity", name, "--json"))["id"]


def admit(mesh, name, node_id):
    """Gives the serial."""
    said = must(mesh, "--workspace", mesh.workspace, "admit", node_id, "--authority", "lab.key", "--certificate",
                f"{name}.cert", "--json")
    return str(json.loads(said)["serial"])


def revoke(mesh, *words):
    must(mesh, "--workspace", mesh.workspace, "revoke", "--authority", "lab.key", "--revocations", "revoked", *words)


def certificates(mesh):
    must(mesh, "keygen", "--authority", "lab.key")
    ids = {name: identity(mesh, name) for name in ("one", "two", "three")}
    for name in ("one", "two"):
        admit(mesh, name, ids[name])
    revoke(mesh, "--serial", "1")
    trust = ("--authority", "lab.key.pub", "--revocations", "revoked", "--secret-file", "mesh.secret")
    one = mesh.node("one", *trust, "--identity-file", "one", "--certificate", "one.cert")
    two = mesh.node("two", *trust, "--identity-file", "two", "--certificate", "two.cert")
    mesh.settle(one, two)
    # One with the secret and somebody else's certificate.
    thief = mesh.node("thief", *trust, "--identity-file", "three", "--certificate", "two.cert")
    until(lambda: "was shown by node " + ids["three"] in one.log())
    revoke(mesh, "--node", ids["two"])
    with one.client() as client, thief.client() as lonely:
        until(lambda: names_seen(client) == {one.name})
        assert names_seen(lonely) == {thief.name}
    until(lambda: "is revoked" in one.log())
    assert two.terminate() == 0 and thief.terminate() == 0
    return one


def renewal(mesh):
    """While commands flow over TCP both nodes are admitted again, and their first certificates are revoked: who goes on
    has shown the newer one. No command is lost."""
    ids = {name: identity(mesh, name) for name in ("four", "five")}
    first = {name: admit(mesh, name, ids[name]) for name in ids}
    four, five = (mesh.node(name, "--authority", "lab.key.pub", "--revocations", "revoked", "--secret-file", "mesh.secret",
                            "--identity-file", name, "--certificate", f"{name}.cert", "--no-unix-links") for name in ids)
    mesh.settle(four, five)
    with four.client() as service, five.client() as asking:
        service.serve("double")
        until(lambda: lists(asking, four, "commands", "double"))
        served = 0

        def ask_for(seconds):
            nonlocal served
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                mids = [asking.ask("double", number) for number in range(20)]
                for _ in mids:
                    asked = service.next_command()
                    service.say(mid=asked["mid"], value=2 * asked["data"])
                assert [asking.value(mid) for mid in mids] == [2 * number for number in range(20)]
                served += len(mids)

        ask_for(0.2)
        links_lost = [each.log().count("link: down") for each in (four, five)]
        for name in ids:
            admit(mesh, name, ids[name])
            ask_for(0.7)  # Files are looked at twice a second.
        for serial in first.values():
            revoke(mesh, "--serial", serial)
        ask_for(1.5)
        assert [each.log().count("link: down") for each in (four, five)] == links_lost
        assert not any("is revoked" in each.log() for each in (four, five))
    assert four.terminate() == 0 and five.terminate() == 0
    say(served, "commands while certificates were renewed, none lost")


def clients(mesh):
    key = json.loads(must(mesh, "keygen", "--key", "ann.key", "--json"))["key"]
    token = must(mesh, "--token-file", "clients", "keygen", "--token", "bob")
    (mesh.folder / "bob.token").touch(mode=0o600)
    (mesh.folder / "bob.token").write_text(token + "\n")
    assert token not in (mesh.folder / "clients").read_text(), "the token itself stands in the file"
    assert stat.S_IMODE(os.stat(mesh.folder / "clients").st_mode) == 0o600
    (mesh.folder / "keys").write_text(f"{key} ann ops\n")
    door = mesh.node("door", "--client-keys", "keys", "--token-file", "clients", "--no-beacon")
    ping = ("--url", door.url, "send", "askr.ping")
    assert must(mesh, "--key-file", "ann.key", *ping) == '"pong"'
    assert must(mesh, "--token-file", "bob.token", *ping) == '"pong"'
    assert "unauthenticated" in refused(mesh, *ping)
    must(mesh, "keygen", "--key", "eve.key")
    assert "unknown" in refused(mesh, "--key-file", "eve.key", *ping)
    for wrong in ("one", "lab.key", "bob.token", "none"):  # Swapped or missing.
        assert "bad_key_file" in refused(mesh, "--key-file", wrong, *ping), wrong
    (mesh.folder / "keys").write_text("# nobody\n")
    until(lambda: mesh.askr("--key-file", "ann.key", *ping).returncode != 0)
    return door, token


def key_files(mesh):
    """Wrong permissions, cut off or swapped: a node does not start, and says why."""
    for mode, text, why in ((0o644, "s" * 64, "chmod 600"), (0o600, "s" * 31, "32 to 1023"), (0o600, "", "32 to 1023")):
        path = mesh.folder / "bad.secret"
        path.write_text(text)
        path.chmod(mode)
        said = refused(mesh, "node", "--secret-file", path)
        assert "bad_key_file" in said and why in said, said
    assert "bad_key_file" in refused(mesh, "node", "--identity-file", "mesh.secret")
    assert "bad_key_file" in refused(mesh, "node", "--authority", "one.cert", "--certificate", "lab.key.pub")
    assert refused(mesh, "node", "--secret", "s" * 64), "a secret is taken on the command line"


def own_authenticators(mesh):
    def lines(*command):
        done = subprocess.run(command, text=True, capture_output=True, timeout=30, check=False, env=mesh.environment)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    said = lines(mesh.binaries / "example-own-authenticator")
    assert said[0] == "swordfish: open, boss", said
    assert said[1].startswith("mellon: ") and "guest may not send door.open" in said[1], said
    assert "not the password of today" in said[2], said
    check = mesh.folder / "check.sh"
    check.write_text(CHECK)
    check.chmod(0o700)
    said = lines(mesh.binaries / "example-external-authenticator", check, "good-token", "bad-token", "slow-token")
    assert said[0] == "good-token: you are friend", said
    assert "did not let you in" in said[1] and "did not let you in" in said[2], said


def nothing_leaks(mesh, nodes, secrets):
    """What nodes print, log, answer and show of themselves, and their arguments and environments."""
    shown = ""
    for node in nodes:
        shown += node.log()
        for place in ("cmdline", "environ"):
            shown += pathlib.Path(f"/proc/{node.pid}/{place}").read_text(errors="replace")
    for node in nodes[:1]:
        for words in (("doctor",), ("nodes", "--json"), ("send", "askr.nodes"), ("send", "askr.doctor")):
            done = mesh.askr("--url", node.url, *words)
            shown += done.stdout + done.stderr
        for target in ("/", "/health", "/metrics", "/ready", "/none"):
            shown += http_get(node.port, target)
    for secret in secrets:
        assert secret not in shown, "a secret was shown"


def http_get(port, target):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", target)
    answer = connection.getresponse()
    return f"{answer.status} {answer.headers} {answer.read()}"


def test(mesh):
    must(mesh, "keygen", "--secret", "mesh.secret")
    one = certificates(mesh)
    renewal(mesh)
    door, token = clients(mesh)
    key_files(mesh)
    own_authenticators(mesh)
    seeds = [(mesh.folder / name).read_text().split()[-1] for name in ("one", "lab.key", "ann.key", "mesh.secret")]
    loopback = (mesh.folder / "config" / "askr" / "loopback.secret").read_text().strip()
    nothing_leaks(mesh, [one, door], [*seeds, loopback, token])
    say("certificates, keys and tokens let in and put out; own authenticators decide; no secret was shown")


run(test, 60)
