# SPDX-License-Identifier: MIT
"""hot_path.py PROGRAM FIGURES [--update]: what a message costs, against what the tree says it costs.

No message may take anything from the heap once buffers have grown. The instructions of askr's own code per message, as
callgrind counts them, may differ from FIGURES by 3 %: more is a loss to be explained, less is to be kept, both with
--update. What libraries execute is shown, but depends on the processor.
"""
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

WORKLOADS = ["commands", "relayed-commands", "events", "relayed-events"]
MESSAGES_NATIVE = 20_000
MESSAGES_COUNTED = 8_000
RUNS_MAX = 4
MARGIN = 0.03
SECONDS_MAX = 240


def run(command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS_MAX, env={"PATH": os.defpath})
    if done.returncode != 0:
        sys.exit(f"hot_path: {' '.join(command)} exits with {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout


def allocations(program, workload):
    """The least of a few runs: once a second a node does something beside its messages."""
    least = None
    for _ in range(RUNS_MAX):
        taken = json.loads(run([program, workload, str(MESSAGES_NATIVE)]))["allocations"]
        least = taken if least is None else min(least, taken)
        if least == 0:
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


def instructions(program, workload):
    """Per message: of askr's own code, and of all."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "profile"
        run(["valgrind", "--tool=callgrind", "--toggle-collect=*measure*", "--compress-pos=no",
             f"--callgrind-out-file={out}", program, workload, str(MESSAGES_COUNTED)])
        costs = costs_by_object(out.read_text())
    own = sum(cost for name, cost in costs.items() if name and name.endswith("askr-hot-path"))
    return round(own / MESSAGES_COUNTED), round(sum(costs.values()) / MESSAGES_COUNTED)


def main():
    program, figures = sys.argv[1], Path(sys.argv[2])
    update = "--update" in sys.argv[3:]
    known = json.loads(figures.read_text()) if figures.exists() else {}
    wrong = []
    for workload in WORKLOADS:
        if taken := allocations(program, workload):
            wrong.append(f"{workload}: {taken} allocations in {MESSAGES_NATIVE * 3 // 4} messages, where there were none")
        own, everything = instructions(program, workload)
        before = known.get(workload, 0)
        print(f"{workload}: 0 allocations, {own} instructions of askr per message ({before} in the tree), "
              f"{everything} with libraries" if not taken else wrong[-1])
        if abs(own - before) > MARGIN * before and not update:
            wrong.append(f"{workload}: {own} instructions per message, not {before}: see --update")
        known[workload] = own
    if update:
        figures.write_text(json.dumps(known, indent=2) + "\n")
    for each in wrong:
        print("hot_path: " + each)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
