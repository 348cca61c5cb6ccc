# SPDX-License-Identifier: MIT
"""tables.py bench.json: the tables of docs/performance.md, from what `bench` wrote."""

import json
import pathlib
import sys

BROKERS_64 = [("raw", ">=", 0.6), ("zmq", ">=", 1.1), ("zmq-curve", ">=", 2.5), ("nats", ">=", 10)]
EVENTS_128 = [("zmq", ">=", 1.5), ("nats", ">=", 2), ("zmq-curve", ">=", 4)]
# What a run is known by, the number that counts, askr's system, and for each rival the ratio wanted.
TARGETS = [
    ("command p50, 1 in flight, pin 0", "rpc", {"in_flight": 1, "pin": 0}, "p50_us", "askr",
     [("raw", "<=", 1.2), ("zmq", "<=", 0.4), ("nats", "<=", 0.25), ("dds", "<=", 1)]),
    ("command p99.9, 1 in flight, pin 0", "rpc", {"in_flight": 1, "pin": 0}, "p999_us", "askr", [("raw", "<=", 1.5)]),
    ("command p50, 1 in flight, pin 1", "rpc", {"in_flight": 1, "pin": 1}, "p50_us", "askr", [("raw", "<=", 1.2)]),
    ("the same with busy_poll", "rpc", {"in_flight": 1, "pin": 1}, "p50_us", "askr-spin", [("raw", "<=", 0.3)]),
    ("commands/s, 64 in flight", "rpc", {"in_flight": 64, "payload": 128}, "per_second", "askr", BROKERS_64 + [("moleculer", ">=", 8)]),
    ("commands/s, 512 in flight", "rpc", {"in_flight": 512}, "per_second", "askr",
     [("raw", ">=", 0.25), ("zmq", ">=", 0.9), ("zmq-curve", ">=", 3), ("nats", ">=", 3)]),
    ("commands/s, 16 KiB, 64 in flight", "rpc", {"in_flight": 64, "payload": 16384}, "per_second", "askr",
     [("zmq", ">=", 1.2), ("zmq-curve", ">=", 2), ("nats", ">=", 1.8)]),
    ("CPU per command, 64 in flight", "rpc", {"in_flight": 64, "payload": 128}, "cpu_us_per_op", "askr",
     [("zmq", "<=", 0.7), ("zmq-curve", "<=", 0.3), ("nats", "<=", 0.25)]),
    ("events/s 1->1", "events", {"subscribers": 1, "payload": 128}, "per_second", "askr", EVENTS_128 + [("moleculer", ">=", 50)]),
    ("events/s 1->8", "events", {"subscribers": 8, "payload": 128}, "per_second", "askr", EVENTS_128 + [("moleculer", ">=", 50)]),
    ("events/s 1->8, 1 KiB", "events", {"subscribers": 8, "payload": 1024}, "per_second", "askr", [("zmq", ">=", 1.2), ("dds", ">=", 1.2)]),
    ("events/s 1->1, 16 KiB", "events", {"subscribers": 1, "payload": 16384}, "per_second", "askr", [("dds", ">=", 1.2)]),
    ("WebSocket JSON echo, 64 in flight", "ws", {"in_flight": 64}, "per_second", "askr", [("raw", ">=", 0.5)]),
    ("WebSocket JSON echo, 512 in flight", "ws", {"in_flight": 512}, "per_second", "askr", [("raw", ">=", 0.5)]),
    ("event to 1,000 JSON clients", "fanout", {}, "per_second", "askr", [("ws", ">=", 3), ("raw", ">=", 0.7)]),
    ("relayed command p50", "relay", {}, "p50_us", "askr-relay1", [("askr", "<=", 2.2)]),
    ("JSON events over 1 Gbit/s", "compress", {"link_mbit": 1000}, "per_second", "askr-adaptive", [("askr-off", ">=", 3)]),
    ("JSON events over a fast link", "compress", {"link_mbit": 0}, "per_second", "askr-adaptive", [("askr-off", ">=", 0.95)]),
]
# Absolute ones: label, workload, member, factor, unit, most.
LIMITS = [
    ("idle node: memory", "idle", "rss_kib", 1 / 1024, "MiB", 7),
    ("idle node: ready", "idle", "ready_ms", 1, "ms", 10),
    ("memory per idle client", "idle", "client_kib", 1, "KiB", 4),
    ("idle CPU of each of 20 nodes", "idle", "crowd_cpu_percent", 1, "%", 0.1),
    ("20 nodes: full view", "join", "all_joined_ms", 1, "ms", 100),
    ("20 nodes: kill -9 noticed, p99", "join", "killed_ms_p99", 1, "ms", 150),
]


def found(runs, workload, match, system, beside):
    """The results of both in the first run that has both."""
    for run in runs:
        results = [each for each in run["results"]
                   if each["workload"] == workload and all(each.get(name) == value for name, value in match.items())]
        by_system = {each["system"]: each for each in results}
        if system in by_system and beside in by_system:
            return by_system[system], by_system[beside]
    return None


def verdict(value, relation, wanted):
    return "met" if (value >= wanted if relation == ">=" else value <= wanted) else "**missed**"


def targets(runs):
    print("| workload | beside | target | measured | |\n|---|---|---|---|---|")
    for label, workload, match, member, system, rivals in TARGETS:
        for rival, relation, wanted in rivals:
            pair = found(runs, workload, match, system, rival)
            if not pair or not pair[1].get(member):
                continue
            ratio = pair[0][member] / pair[1][member]
            print(f"| {label} | `{rival}` | {'≥' if relation == '>=' else '≤'} {wanted} | {ratio:.2f} | {verdict(ratio, relation, wanted)} |")
    for label, workload, member, factor, unit, most in LIMITS:
        for run in runs:
            for each in run["results"]:
                if each["workload"] == workload and member in each:
                    value = each[member] * factor
                    print(f"| {label} | | ≤ {most} {unit} | {value:.3g} {unit} | {verdict(value, '<=', most)} |")


def table(run):
    results = [each for each in run["results"] if "per_second" in each]
    if not results:
        return
    timed = "p50_us" in results[0]
    print(f"\n## `askr-bench {run['title']}`\n")
    print("| system | per second (min - max) | " + ("p50 µs | p99 µs | p99.9 µs | " if timed else "") + "CPU µs | lost |")
    print("|---|---|" + ("---|---|---|" if timed else "") + "---|---|")
    for each in results:
        cells = [each["system"], f"{each['per_second']:,.0f} ({each['per_second_min']:,.0f} - {each['per_second_max']:,.0f})"]
        cells += [f"{each[name]:,.1f}" for name in ("p50_us", "p99_us", "p999_us")] if timed else []
        print("| " + " | ".join([*cells, f"{each.get('cpu_us_per_op', 0):.2f}", f"{each.get('lost', 0):.0f}"]) + " |")


def main():
    runs = json.loads(pathlib.Path(sys.argv[1]).read_text())["runs"]
    targets(runs)
    for run in runs:
        table(run)


if __name__ == "__main__":
    main()
