#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The README stays true: every command in its `sh` blocks is run here, and so is its JavaScript.

A command that this test does not know fails it: teach it the new one, or take it out of the README.
"""

import pathlib
import re
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "support"))
from certificates import Authority  # noqa: E402
from mesh import Process, run, say  # noqa: E402
from raw_websocket import until  # noqa: E402

# What would take the whole build or this very test: that it is there, and understood by bash and CMake, must do here.
# tests/package and continuous integration run the rest of it.
BUILDS = {
    "tools/test.sh": ["bash", "-n", "tools/test.sh"],
    "cmake --preset release": ["cmake", "--list-presets"],
    "cmake --build --preset release": ["cmake", "--build", "--list-presets"],
    "cmake --install build/release --prefix ~/.local": ["cmake", "--help-command-list"],
}

RESIZE = """#!/bin/sh
read -r asked
echo "{\\"asked\\": $asked}"
"""


def commands():
    """Each command of the README's sh blocks, without its comment."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for block in re.findall(r"```sh\n(.*?)```", text, re.S):
        for line in re.sub(r"\\\n\s*", "", block).splitlines():
            for command in re.sub(r"\s+#.*$", "", line).split(" && "):
                if command.strip():
                    yield command.strip()


def must(done, what):
    assert done.returncode == 0, f"{what}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


class Reader:
    """Does what the README says, in its order, in one mesh."""

    def __init__(self, mesh):
        self.mesh = mesh
        self.node = None
        self.url = None
        self.guarded = None
        (mesh.folder / "resize.py").write_text(RESIZE, encoding="ascii")
        (mesh.folder / "resize.py").chmod(0o700)

    def obey(self, command):
        say("README:", command)
        words = shlex.split(command)
        if command in BUILDS:
            must(subprocess.run(BUILDS[command], cwd=ROOT, text=True, capture_output=True, timeout=30, check=False), command)
        elif words[0] == "tools/demo.sh":
            done = subprocess.run([ROOT / "tools/demo.sh", "--once", "--bin", self.mesh.binaries], text=True,
                                  env=self.mesh.environment, capture_output=True, timeout=60, check=False)
            must(done, command)
        elif words[0] == "chmod":
            must(subprocess.run(words, cwd=self.mesh.folder, text=True, capture_output=True, timeout=5, check=False), command)
        elif ">" in words:
            shown = must(self.mesh.askr(*words[1 : words.index(">")]), command)
            (self.mesh.folder / words[-1]).write_text(shown, encoding="ascii")
        elif "--tls-cert" in words:
            self.guard(words)
        elif words[:2] == ["askr", "--url"]:
            assert must(self.mesh.askr("--url", self.guarded, *words[3:]), command).strip(), f"{command} printed nothing"
        elif words[:2] == ["askr", "node"]:
            label = words[words.index("--name") + 1]
            self.node = self.mesh.node(label, *words[4:])
            self.url = self.node.url
        elif words[:2] == ["askr", "serve"]:
            self.serve(words[1:])
        elif words[:2] == ["askr", "listen"]:
            self.listen(words[1:])
        elif words[1] in ("admit", "revoke"):  # For the workspace of this test.
            must(self.mesh.askr("--workspace", self.mesh.workspace, *words[1:]), command)
        elif words[0] == "askr":
            assert must(self.mesh.askr("--url", self.url, *words[1:]), command).strip(), f"{command} printed nothing"
        else:
            raise AssertionError(f"the README has a command that no test runs: {command}")

    def guard(self, words):
        """A node with TLS, on loopback for this test, and a service there."""
        authority = Authority(self.mesh.folder, "ca")
        authority.issue("node", "IP:127.0.0.1")
        words[words.index("--bind") + 1] = "127.0.0.1"
        self.guarded = self.mesh.node(words[words.index("--name") + 1], *words[4:]).url.replace("ws://", "wss://")
        known = ("--ca", "ca.pem", "--token-file", "mine")
        self.start("menu", [*known, "serve", "menu.read", "--", str(self.mesh.folder / "resize.py")], self.guarded)
        until(lambda: self.mesh.askr("--url", self.guarded, *known, "send", "menu.read", "1").returncode == 0)

    def start(self, label, words, url=None):
        command = [str(self.mesh.binaries / "askr"), "--url", url or self.url, "--json", *words]
        started = Process(label, command, self.mesh.folder, dict(self.mesh.environment, PWD=str(self.mesh.folder)))
        self.mesh.processes.append(started)
        return started

    def serve(self, words):
        served = [str(self.mesh.folder / "resize.py") if each == "./resize.py" else each for each in words]
        self.start("serve", served)
        until(lambda: self.mesh.askr("--url", self.url, "send", words[1], "1").returncode == 0)

    def listen(self, words):
        """The events of the example that everybody hears."""
        self.mesh.settle(self.node, self.mesh.server("agent", "--interval-ms", 20))
        must(self.mesh.askr("--url", self.url, "send", "start", "{}"), "start")
        heard = must(self.mesh.askr("--url", self.url, *words, "--count", "2"), "listen")
        assert len(heard.splitlines()) == 2, heard


def test(mesh):
    reader = Reader(mesh)
    done = [reader.obey(command) for command in commands()]
    assert len(done) >= 10, "the README has lost its commands"


run(test, seconds=80)
