# SPDX-License-Identifier: MIT
"""Small networks of network namespaces ("hosts"), veth pairs and bridges. Nothing in them reaches the real network.

    network = Network(mesh)                      # Taken down when the mesh ends, also after a failure.
    a, b = network.host("a"), network.host("b")
    network.cable(a, "10.77.1.1/24", b, "10.77.1.2/24")
    node = a.node("agent", "--beacon-interface", "eth0")
"""

import json
import os
import subprocess

from raw_websocket import until


def can_make_networks():
    """Only root can, and not in every container."""
    if os.geteuid() != 0:
        return False
    name = f"askr-try-{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False)
    subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
    return made.returncode == 0


def ip(*words, inside=None):
    command = ["ip", *(["-n", inside] if inside else []), *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"


class Host:
    def __init__(self, network, label):
        self.network = network
        self.mesh = network.mesh
        self.label = label
        self.space = f"askr-{os.getpid()}-{label}"
        self.cables = 0
        ip("netns", "add", self.space)
        self.setting("net/ipv6/conf/default/accept_dad", 0)
        self.setting("net/ipv6/conf/all/accept_dad", 0)
        ip("link", "set", "lo", "up", inside=self.space)

    def prefix(self):
        return ["ip", "netns", "exec", self.space]

    def setting(self, path, value):
        self.run("sh", "-c", f"echo {value} > /proc/sys/{path}")

    def run(self, *words, seconds=15, said=""):
        """A program, to its end; `said` is what it reads."""
        return subprocess.run(self.prefix() + [str(each) for each in words], env=self.mesh.environment, text=True,
                              input=said, capture_output=True, timeout=seconds, check=False)

    def start(self, *words, **how):
        """A program that runs until the network is taken down."""
        started = subprocess.Popen(self.prefix() + [str(each) for each in words], stdin=subprocess.DEVNULL, **how)
        self.network.programs.append(started)
        return started

    def address(self, text, interface="eth0"):
        ip("address", "add", text, *(["nodad"] if ":" in text else []), "dev", interface, inside=self.space)

    def node(self, label, *options, bind="0.0.0.0", port=8800):
        started = self.mesh.start("askr", label, "--bind", bind, "--secret-file", self.network.secret, *options,
                                  port=port, prefix=self.prefix()).await_ready()
        started.host = self
        return started

    def askr(self, node, *arguments):
        return self.run(self.mesh.binaries / "askr", *arguments, "--json", "--url", node.url)


class Network:
    def __init__(self, mesh):
        self.mesh = mesh
        self.hosts = []
        self.programs = []
        self.secret = mesh.folder / "secret"
        self.secret.touch(mode=0o600)
        self.secret.write_text("s" * 40 + "\n")
        mesh.at_end.append(self.take_down)

    def host(self, label):
        made = Host(self, label)
        self.hosts.append(made)
        return made

    def plug(self, host, *addresses):
        """A new interface of the host, without another end yet: its name, and that of its other end."""
        host.cables += 1
        name = f"eth{host.cables - 1}"
        other = f"{host.label}-{name}"
        ip("link", "add", name, "type", "veth", "peer", "name", other, inside=host.space)
        ip("link", "set", name, "up", inside=host.space)
        for each in addresses:
            host.address(each, name)
        return name, other

    def cable(self, one, one_address, other, other_address):
        """Two hosts, one cable: the names of its ends."""
        name, loose = self.plug(one, one_address)
        there = f"eth{other.cables}"
        other.cables += 1
        ip("link", "set", loose, "netns", other.space, "name", there, inside=one.space)
        ip("link", "set", there, "up", inside=other.space)
        other.address(other_address, there)
        return name, there

    def switch(self, label, *plugs):
        """A bridge in a host of its own, with (host, address...) plugged in; gives the bridge's host."""
        made = self.host(label)
        ip("link", "add", "br0", "type", "bridge", "mcast_snooping", 0, inside=made.space)
        ip("link", "set", "br0", "up", inside=made.space)
        for host, *addresses in plugs:
            _, loose = self.plug(host, *addresses)
            ip("link", "set", loose, "netns", made.space, inside=host.space)
            ip("link", "set", loose, "master", "br0", "up", inside=made.space)
        return made

    def take_down(self):
        for each in self.programs:
            each.kill()
            each.wait()
        for each in self.hosts:
            subprocess.run(["ip", "netns", "del", each.space], capture_output=True, check=False)


def view(node):
    """The nodes that a node sees, by label: their rows."""
    done = node.host.askr(node, "nodes")
    rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return {row["name"].split("-")[1]: row for row in rows}


def settle(*nodes, seconds=8.0):
    """Waits until each of these sees all of them."""
    wanted = {each.label for each in nodes}
    for each in nodes:
        until(lambda: wanted <= set(view(each)), seconds, 0.05)


def doctor(node):
    """What askr.doctor tells: all of it, and its findings as one text."""
    done = node.host.askr(node, "doctor")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    return told, "\n".join(each["text"] for each in told["findings"])
