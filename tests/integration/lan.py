#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Real networks made of network namespaces: who finds whom, and what askr doctor says where somebody is not found.

Usage: lan.py FOLDER_WITH_THE_PROGRAMS NETWORK. Exit code 77 where no namespaces can be made."""

import os
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "support"))
from mesh import run, say  # noqa: E402
from network import Network, can_make_networks, doctor, ip, settle, view  # noqa: E402
from raw_websocket import until  # noqa: E402

LEASE = 2.5


def two_subnets(mesh):
    """A chain: b has an interface in each subnet, a and c cannot reach each other. All see all, through b."""
    network = Network(mesh)
    hosts = a, b, c = [network.host(label) for label in "abc"]
    network.cable(a, "10.77.1.1/24", b, "10.77.1.2/24")
    network.cable(b, "10.77.2.2/24", c, "10.77.2.3/24")
    b.setting("net/ipv4/ip_forward", 0)
    for host, gateway in ((a, "10.77.1.2"), (c, "10.77.2.2")):  # What they send to each other vanishes in b.
        ip("route", "add", "default", "via", gateway, inside=host.space)
    nodes = [host.node(host.label) for host in hosts]
    settle(*nodes)
    assert set(view(nodes[1])["b"]["endpoints"]) == {"10.77.1.2:8800", "10.77.2.2:8800"}, view(nodes[1])
    seen = view(nodes[0])
    assert seen["b"]["link"].startswith("10.77.1.2:"), seen["b"]
    assert seen["c"]["link"] == "", seen["c"]
    say("a chain over two subnets: everybody sees everybody; the ends are not linked")
    until(lambda: "timed out" in doctor(nodes[0])[1], 8, 0.2)
    told, findings = doctor(nodes[0])
    assert "cannot be reached: 1 address: timed out" in findings, findings
    assert told["links"][0]["sees_us_at"].startswith("10.77.1.1:"), told["links"]
    say("doctor: " + next(line for line in findings.splitlines() if "cannot" in line))
    ask_through_the_relay(a, c, *nodes)


def ask_through_the_relay(a, c, asking, relay, serving):
    """Commands cross b; when it is killed, who waits behind it is told at once."""
    sleep = f"sleep 9.{os.getpid()}"  # Not that of another run.
    for command, program in (("echo", "cat"), ("slow", sleep)):
        c.start(c.mesh.binaries / "askr", "serve", command, "--url", serving.url, "--", *program.split())
    until(lambda: {"echo", "slow"} <= set(view(asking)["c"]["commands"]), 5, 0.05)
    for number in range(20):
        answer = a.askr(asking, "send", "echo", str(number), "--to", "c")
        assert answer.returncode == 0 and answer.stdout.strip() == str(number), (answer.stdout, answer.stderr)
    waiting = a.start(a.mesh.binaries / "askr", "send", "slow", "--to", "c", "--url", asking.url,
                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    until(lambda: c.run("pgrep", "-f", "^" + sleep).returncode == 0, 5, 0.02)
    killed = time.monotonic()
    relay.kill()
    _, told = waiting.communicate(timeout=5)
    took = time.monotonic() - killed
    assert waiting.returncode == 1 and told.startswith("askr: peer_lost:") and took < 1, (waiting.returncode, told, took)
    say(f"commands cross the relay; {took * 1000:.0f} ms after it was killed: {told.strip()}")


def no_multicast(mesh):
    """The switch drops multicast: nobody is found and doctor says so; one seed is enough for all three."""
    network = Network(mesh)
    hosts = a, b, c = [network.host(label) for label in "abc"]
    switch = network.switch("switch", *((host, f"10.77.1.{i}/24") for i, host in enumerate(hosts, 1)))
    for host in hosts:
        done = switch.run("bridge", "link", "set", "dev", f"{host.label}-eth0", "mcast_flood", "off")
        assert done.returncode == 0, done.stderr
    lonely = a.node("a")
    other = b.node("b")
    time.sleep(1.5)
    assert set(view(lonely)) == {"a"}
    told, findings = doctor(lonely)
    assert "it sees no other node" in findings, findings
    assert "no beacon of another node of this workspace came in on eth0 (IPv4)" in findings, findings
    row = next(each for each in told["interfaces"] if each["name"] == "eth0")
    assert row["came_back"] == row["sent"] > 0, row
    say("no multicast: nobody is found, and doctor says why")
    joiner = c.node("c", "--join", "10.77.1.1", "--join", "10.77.1.2:8800")
    settle(lonely, other, joiner)
    until(lambda: view(lonely)["b"]["link"], 5, 0.05)  # By what c told.
    say("two seeds: all are linked, also those that never heard of each other before")


def dead_address(mesh):
    """b has a bridge like Docker's, and in a's world somebody else accepts connections at that address and is silent."""
    network = Network(mesh)
    hosts = a, b, c = [network.host(label) for label in "abc"]
    network.switch("switch", *((host, f"10.77.1.{i}/24") for i, host in enumerate(hosts, 1)))
    for host in (a, b):
        ip("link", "add", "docker0", "type", "bridge", inside=host.space)
        ip("link", "set", "docker0", "up", inside=host.space)
    b.address("10.77.0.1/24", "docker0")  # Sorts before the good address.
    a.address("10.77.0.1/24", "docker0")
    a.start("/usr/bin/python3", "-c", "import socket,time\ns=socket.create_server(('10.77.0.1',8800))\ntime.sleep(60)")
    until(lambda: ":8800" in a.run("/usr/bin/python3", "-c",
                                   "import socket;print(socket.create_connection(('10.77.0.1',8800)).getpeername()[0]+':8800')"
                                   ).stdout, 5)
    seed = c.node("c", "--no-beacon")
    nodes = [a.node("a", "--no-beacon", "--join", "10.77.1.3", port=8801),
             b.node("b", "--no-beacon", "--join", "10.77.1.3")]
    started = time.monotonic()
    settle(*nodes, seed)
    until(lambda: view(nodes[0])["b"]["link"], 5, 0.05)
    took = time.monotonic() - started
    assert took < 4, f"{took:.1f} s"
    say(f"an address that accepts and is silent: linked by another one, {took:.1f} s after the start")


def cable(mesh):
    """The cable is pulled: the link is down within the lease. It is plugged in: they find each other by fresh beacons."""
    network = Network(mesh)
    a, b = network.host("a"), network.host("b")
    network.cable(a, "10.77.1.1/24", b, "10.77.1.2/24")
    nodes = a.node("a"), b.node("b")
    settle(*nodes)
    pulled = time.monotonic()
    ip("link", "set", "eth0", "down", inside=a.space)
    for each in nodes:
        until(lambda: len(view(each)) == 1, LEASE + 3, 0.02)
    say(f"pulled: both are alone after {time.monotonic() - pulled:.1f} s")
    assert time.monotonic() - pulled < LEASE + 1.5
    time.sleep(1)
    plugged = time.monotonic()
    ip("link", "set", "eth0", "up", inside=a.space)
    settle(*nodes, seconds=6)
    say(f"plugged in: found again after {time.monotonic() - plugged:.1f} s")
    late, other = network.plug(a, "10.77.9.1/24")
    ip("link", "set", other, "up", inside=a.space)
    until(lambda: "10.77.9.1:8800" in view(nodes[1])["a"]["endpoints"], 5, 0.05)
    until(lambda: any(row["name"] == late and row["sent"] >= 4 for row in doctor(nodes[0])[0]["interfaces"]), 5, 0.1)
    say("an interface that comes later is announced, and gets its beacons")


def ipv6_only(mesh):
    """No IPv4 but on loopback; one pair has nothing but link-local addresses."""
    network = Network(mesh)
    a, b, c = (network.host(label) for label in "abc")
    network.cable(a, "fd77:1::1/64", b, "fd77:1::2/64")
    _, loose = network.plug(b)
    ip("link", "set", loose, "netns", c.space, "name", "eth0", inside=b.space)
    ip("link", "set", "eth0", "up", inside=c.space)
    until(lambda: "fe80" in c.run("ip", "-6", "address", "show", "eth0").stdout, 5)
    nodes = [host.node(host.label, bind="::") for host in (a, b, c)]
    settle(*nodes)
    assert view(nodes[0])["b"]["link"].startswith("[fd77:1::2]:") or "fe80" in view(nodes[0])["b"]["link"], view(nodes[0])
    assert "fe80" in view(nodes[2])["b"]["link"], view(nodes[2])
    told, _ = doctor(nodes[0])
    assert any(each["family"] == "IPv6" and each["came_back"] > 0 for each in told["interfaces"]), told["interfaces"]
    say("IPv6 only: found and linked, also by link-local addresses")


def seeds_file(mesh):
    """Nodes without beacons find each other as soon as one's file of seeds names the other."""
    network = Network(mesh)
    a, b = network.host("a"), network.host("b")
    network.cable(a, "10.77.1.1/24", b, "10.77.1.2/24")
    seeds = mesh.folder / "seeds"
    seeds.write_text("# nobody yet\nnot-there.invalid:8800\n")
    nodes = a.node("a", "--no-beacon", "--seeds-file", seeds), b.node("b", "--no-beacon")
    until(lambda: "seed not-there.invalid:8800 does not resolve" in doctor(nodes[0])[1], 10, 0.1)
    say("a seed that does not resolve is named")
    changed = time.monotonic()
    seeds.write_text("10.77.1.2   # b\n10.77.1.1:8800\n")
    settle(*nodes)
    say(f"a seed in the file: linked {time.monotonic() - changed:.1f} s after the change")
    findings = doctor(nodes[0])[1]
    assert "not-there" not in findings, findings
    assert "seed 10.77.1.1:8800 is this node itself" in findings, findings


FLOOD = """
import os, socket, sys, time
address, seconds = sys.argv[1], float(sys.argv[2])
tag = bytes.fromhex(sys.argv[3])
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
out.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
forged = [b"\\xc1askb\\x01" + tag + os.urandom(150) for _ in range(64)]
sent, end = 0, time.monotonic() + seconds
while time.monotonic() < end:
    for each in forged:
        out.sendto(each, ("239.255.88.0", 8799))
    sent += len(forged)
print(sent)
"""
LISTEN = """
import socket, sys
heard = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
heard.bind(("239.255.88.0", 8799))
heard.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton("239.255.88.0") + socket.inet_aton(sys.argv[1]))
heard.settimeout(15)
print(heard.recv(600)[6:14].hex())
"""


def cpu_seconds(process):
    with open(f"/proc/{process.pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def datagrams_out(host):
    lines = host.run("cat", "/proc/net/snmp").stdout.splitlines()
    names, numbers = [line.split()[1:] for line in lines if line.startswith("Udp:")]
    return int(numbers[names.index("OutDatagrams")])


def beacon_flood(mesh):
    """Forged beacons with the right mark, as fast as they can be sent: a bounded share of a CPU, and no answer."""
    network = Network(mesh)
    a, b, c = (network.host(label) for label in "abc")
    network.switch("switch", (a, "10.77.1.1/24"), (b, "10.77.1.2/24"), (c, "10.77.1.3/24"))
    ear = c.start("/usr/bin/python3", "-c", LISTEN, "10.77.1.3", stdout=subprocess.PIPE)
    node, other = a.node("a"), b.node("b")
    settle(node, other)
    mark = ear.communicate()[0].decode().strip()
    assert len(mark) == 16, mark
    out, used, began = datagrams_out(a), cpu_seconds(node), time.monotonic()
    sent = int(c.run("/usr/bin/python3", "-c", FLOOD, "10.77.1.3", "3", mark).stdout)
    took = time.monotonic() - began
    share = (cpu_seconds(node) - used) / took
    answered = datagrams_out(a) - out
    say(f"{sent / took:,.0f} forged beacons a second: {share:.0%} of a CPU, {answered} datagrams out (its own beacons)")
    assert share < 0.35, share
    assert answered <= 12, answered  # Two routes, one beacon each in a while.
    assert set(view(node)) == {"a", "b"}
    told, findings = doctor(node)
    assert "wrong MAC came from 10.77.1.3" in findings, findings
    assert len(told["sources"]) <= 4, told["sources"]


NETWORKS = {each.__name__: each for each in (two_subnets, no_multicast, dead_address, cable, ipv6_only, seeds_file,
                                             beacon_flood)}

if __name__ == "__main__":
    if not can_make_networks():
        say("skipped: network namespaces need root (and `ip netns` from iproute2)")
        sys.exit(77)
    run(NETWORKS[sys.argv[2]], 50)
