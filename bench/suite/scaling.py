#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""How what askr costs grows with nodes, clients and payload: each a curve.

`scaling.py BINARIES [--smoke] [--out scaling.json]`: prints a table per curve; beside the JSON lies an SVG.
"""

import argparse
import json
import math
import pathlib
import subprocess
import sys

UNDER_WAY_MAX = 4 << 20  # Bytes of events, so that none is dropped.
# With the one that asks 10,000 clients, which is what a node takes by default.
# Title, what grows, its values, the arguments for one of them, and what is drawn: label, member of the result.
CURVES = [
    ("Each of N nodes on one host that see each other", "nodes", [2, 4, 8, 16, 32, 64],
     lambda n: f"idle --clients 0 --nodes {n}", [("CPU, %", "crowd_cpu_percent"), ("RSS, KiB", "crowd_rss_kib")]),
    ("N processes that are started at once", "nodes", [4, 8, 16, 32, 64],
     lambda n: f"join --nodes {n}", [("full view, ms", "all_joined_ms"), ("kill -9 known, p99, ms", "killed_ms_p99")]),
    ("N idle WebSocket clients of one node", "clients", [10, 100, 1000, 10_000],
     lambda n: f"idle --nodes 0 --clients {n}", [("KiB each", "client_kib")]),
    ("A client's command beside N idle ones", "clients", [0, 10, 100, 1000, 9999],
     lambda n: f"ws --pin 1 --clients {n}", [("p50, µs", "p50_us"), ("CPU, µs", "cpu_us_per_op")]),
    ("An event to N clients", "clients", [10, 100, 1000, 9999],
     lambda n: f"fanout --pin 1 --clients {n}", [("deliveries/s", "per_second"), ("CPU of each, µs", "cpu_us_per_op")]),
    ("A command with N bytes each way, 1 in flight", "payload", [16, 256, 4096, 65_000],
     lambda n: f"rpc --pin 0 --payload {n}", [("p50, µs", "p50_us")]),
    ("Commands with N bytes each way, 64 in flight", "payload", [16, 256, 4096, 65_000],
     lambda n: f"rpc --pin 1 --in-flight 64 --payload {n}", [("per second", "per_second"), ("CPU, µs", "cpu_us_per_op")]),
    ("Events of N bytes", "payload", [16, 256, 4096, 16_384],
     lambda n: f"events --pin 1 --payload {n} --in-flight {min(2048, UNDER_WAY_MAX // n)}",
     [("per second", "per_second"), ("CPU, µs", "cpu_us_per_op")]),
]
FULL = ["--rounds", "3", "--seconds", "1"]
SMOKE = ["--rounds", "1", "--seconds", "0.1"]
WIDTH, HEIGHT, EDGE, COLUMNS = 260, 150, 46, 2
COLOURS = ["#c2410c", "#2563eb"]


def measure(binaries, arguments, rounds):
    words = arguments.split()
    if words[0] == "join":
        rounds = rounds[:2]
    done = subprocess.run([str(binaries / "askr-bench"), *words, *rounds, "--json"], capture_output=True, text=True,
                          timeout=600, check=False, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        sys.exit(f"scaling: askr-bench {arguments}: {done.stderr}")
    return json.loads(done.stdout)


def shown(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def table(curve):
    labels = [label for label, _ in curve["drawn"]]
    print(f"**{curve['title']}** (`askr-bench {curve['command']}`)\n")
    print(f"| {curve['grows']} | " + " | ".join(labels) + " |\n|---|" + "---|" * len(labels))
    for count, result in curve["points"]:
        print(f"| {count:,} | " + " | ".join(shown(result[member]) for _, member in curve["drawn"]) + " |")
    print(flush=True)


def line(points, colour, low, high, first, last):
    """Both axes are logarithmic; a value of 0 on the lower one lies at its left end."""
    def across(x):
        return EDGE + (math.log(max(x, first)) - math.log(first)) / math.log(last / first) * (WIDTH - 2 * EDGE)

    def up(y):
        return HEIGHT - 30 - (math.log(y) - math.log(low)) / math.log(high / low) * (HEIGHT - 60)
    places = [(across(x), up(y), y) for x, y in points]
    out = f'<polyline fill="none" stroke="{colour}" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y, _ in places)}"/>'
    for x, y, value in (places[0], places[-1]):
        out += f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2" fill="{colour}"/>'
        anchor, gap = ("end", -4) if x == places[0][0] else ("start", 4)
        out += f'<text x="{x + gap:.1f}" y="{y + 3:.1f}" text-anchor="{anchor}" fill="{colour}">{shown(value)}</text>'
    return out


def plot(curve):
    parts = [f'<text x="0" y="10" font-weight="bold">{curve["title"]}</text>']
    xs = [count for count, _ in curve["points"]]
    first = min(x for x in xs if x > 0)
    last = max(*xs, 2 * first)
    for at, (label, member) in enumerate(curve["drawn"]):
        points = [(count, result[member]) for count, result in curve["points"] if result[member] > 0]
        if not points:
            continue
        middle = math.sqrt(min(y for _, y in points) * max(y for _, y in points))
        # At least two decades, so that what is flat looks flat.
        reach = max(10, math.sqrt(max(y for _, y in points) / min(y for _, y in points)))
        parts.append(line(points, COLOURS[at], middle / reach, middle * reach, first, last))
        parts.append(f'<text x="{EDGE + at * 110}" y="24" fill="{COLOURS[at]}">{label}</text>')
    parts.append(f'<text x="{EDGE}" y="{HEIGHT - 8}">{xs[0]:,}</text>')
    parts.append(f'<text x="{WIDTH - EDGE}" y="{HEIGHT - 8}" text-anchor="end">{last:,} {curve["grows"]}</text>')
    return "".join(parts)


def picture(curves):
    rows = -(-len(curves) // COLUMNS)
    out = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {COLUMNS * (WIDTH + 60)} {rows * HEIGHT}" '
           'font-family="sans-serif" font-size="9"><rect width="100%" height="100%" fill="white"/>')
    for at, curve in enumerate(curves):
        x, y = at % COLUMNS * (WIDTH + 60) + 8, at // COLUMNS * HEIGHT + 4
        out += f'\n<g transform="translate({x},{y})">{plot(curve)}</g>'
    return out + "\n</svg>\n"


def main():
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("binaries", type=pathlib.Path)
    given.add_argument("--smoke", action="store_true", help="the two smallest of each curve, briefly")
    given.add_argument("--out", type=pathlib.Path)
    options = given.parse_args()
    curves = []
    for title, grows, counts, arguments, drawn in CURVES:
        counts = counts[:2] if options.smoke else counts
        points = [(count, measure(options.binaries, arguments(count), SMOKE if options.smoke else FULL)) for count in counts]
        curves.append({"title": title, "grows": grows, "command": arguments("N") if grows != "payload" else arguments(16),
                       "drawn": drawn, "points": points})
        table(curves[-1])
    if options.out:
        options.out.write_text(json.dumps(curves, indent=1))
        options.out.with_suffix(".svg").write_text(picture(curves))
        print(f"{options.out} and {options.out.with_suffix('.svg').name}")


if __name__ == "__main__":
    main()
