# SPDX-License-Identifier: MIT
"""hot_path.py PROGRAM FIGURES [--update | --curves]: what a message costs, against what the tree says it costs.

No message may take anything from the heap once buffers have grown. The instructions of askr's own code per message, as
callgrind counts them, may differ from FIGURES by 3 %: more is a loss to be explained, less is to be kept, both with
--update. What libraries execute is shown, but depends on the processor. Nor may it cost more that others are there:
nodes, commands and topics that a message has nothing to do with. --curves prints how the cost changes with each.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

WORKLOADS = ["commands", "relayed-commands", "events", "relayed-events"]
MESSAGES_NATIVE = 20_000
MESSAGES_COUNTED = 8_000
RUNS_MAX = 4
MARGIN = 0.03
ALLOCATIONS_MAX = MESSAGES_NATIVE // 1000  # Once in a while a node does something beside its messages.
# A few, and many: tables of up to 20 names are searched one by one, which costs less.
BYSTANDERS = [
    ("commands", "--commands", 100, 4000),
    ("commands", "--nodes", 0, 14),
    ("events", "--topics", 100, 10_000),
    ("events", "--nodes", 0, 14),
]
CURVES = [
    ("payload", [16, 128, 1024, 4096, 16_384]),
    ("nodes", [0, 2, 6, 14]),
    ("commands", [0, 10, 100, 1000, 4000]),
    ("topics", [0, 10, 100, 1000, 10_000]),
]
SECONDS_MAX = 240
SKIPPED = 77


def run(command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS_MAX, env={"PATH": os.defpath})
    if done.returncode != 0:
        sys.exit(f"hot_path: {' '.join(command)} exits with {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout


def allocations(program, workload):
    """The least of a few runs."""
    least = None
    for _ in range(RUNS_MAX):
        taken = json.loads(run([program, workload, str(MESSAGES_NATIVE)]))["allocations"]
        least = taken if least is None else min(least, taken)
        if least <= ALLOCATIONS_MAX:
            break
    return least


def costs_by_object(profile):
    """Instructions per binary, of its own functions. The line behind `calls=` is what the callee took."""
    names, costs, current, skip = {}, {}, None, False
    for line in profile.splitlines():
        if match := re.match(r"(c?)ob=\((\d+)\)(?: (.*))?", line):
            names[match[2]] = match[3] or names[match[2]]
            if not match[1]:
                current = names[match[2]]
        elif line.startswith("calls="):
            skip = True
        elif re.match(r"[+*\-\d]", line):
            if not skip:
                costs[current] = costs.get(current, 0) + int(line.split()[1])
            skip = False
    return costs


def instructions(program, workload, *more):
    """Per message: of askr's own code, and of all."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "profile"
        run(["valgrind", "--tool=callgrind", "--toggle-collect=*measure*", "--compress-pos=no",
             f"--callgrind-out-file={out}", program, workload, str(MESSAGES_COUNTED), *map(str, more)])
        costs = costs_by_object(out.read_text())
    own = sum(cost for name, cost in costs.items() if name and name.endswith("askr-hot-path"))
    return round(own / MESSAGES_COUNTED), round(sum(costs.values()) / MESSAGES_COUNTED)


def check(program, known, update):
    wrong = []
    for workload in WORKLOADS:
        taken = allocations(program, workload)
        own, everything = instructions(program, workload)
        before = known.get(workload, 0)
        print(f"{workload}: {taken} allocations in {MESSAGES_NATIVE * 3 // 4} messages; {own} instructions of askr per "
              f"message ({before} in the tree), {everything} with libraries")
        if taken > ALLOCATIONS_MAX:
            wrong.append(f"{workload}: {taken} allocations in {MESSAGES_NATIVE * 3 // 4} messages")
        if abs(own - before) > MARGIN * before and not update:
            wrong.append(f"{workload}: {own} instructions per message, not {before}: see --update")
        known[workload] = own
    for workload, what, few, many in BYSTANDERS:
        beside_few, beside_many = (instructions(program, workload, what, count)[0] for count in (few, many))
        print(f"{workload} {what}: {beside_few} instructions of askr per message beside {few}, {beside_many} beside {many}")
        if beside_many > (1 + MARGIN) * beside_few:
            wrong.append(f"{workload} cost more beside {many} {what[2:]}: {beside_many} instructions, not {beside_few}")
    return wrong


def curves(program):
    for what, counts in CURVES:
        print(f"| {what} | commands | events |\n|---|---|---|")
        for count in counts:
            cells = [instructions(program, workload, "--" + what, count) for workload in ("commands", "events")]
            print(f"| {count:,} | " + " | ".join(f"{own:,} ({everything:,})" for own, everything in cells) + " |", flush=True)
        print()


def main():
    program, figures = sys.argv[1], Path(sys.argv[2])
    if shutil.which("valgrind", path=os.defpath) is None:
        print("hot_path: skipped, since valgrind is not installed (tools/setup.sh)")
        return SKIPPED
    if "--curves" in sys.argv[3:]:
        return curves(program)
    update = "--update" in sys.argv[3:]
    known = json.loads(figures.read_text()) if figures.exists() else {}
    wrong = check(program, known, update)
    if update:
        figures.write_text(json.dumps(known, indent=2) + "\n")
    for each in wrong:
        print("hot_path: " + each)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
