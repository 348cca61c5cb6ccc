#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What changed between two results of run.py, beyond noise: `compare.py BEFORE.json AFTER.json`.

A machine is never the same twice, so where a measurement has `raw`, each number is taken as its ratio to raw's in the same
run. A change counts if the ranges of all rounds do not overlap and the medians differ by more than 5 %. Exit code 1: askr
became worse.
"""

import json
import pathlib
import sys

CHANGE_MIN = 0.05
NUMBERS = {"per_second": True, "p50_us": False, "cpu_us_per_op": False, "rss_kib": False, "ready_ms": False,
           "all_joined_ms": False, "killed_ms": False}  # Name: more is better.


def load(path):
    """(title, system, number) -> (median, min, max), as ratios to raw where there is one."""
    found = {}
    for run in json.loads(pathlib.Path(path).read_text())["runs"]:
        raw = next((each for each in run["results"] if each["system"] == "raw"), None)
        for result in run["results"]:
            for name in NUMBERS:
                if name not in result:
                    continue
                median, low, high = (result.get(name + end, result[name]) for end in ("", "_min", "_max"))
                if raw and raw is not result and raw.get(name):
                    raw_low, raw_high = (raw.get(name + end, raw[name]) or raw[name] for end in ("_min", "_max"))
                    median, low, high = median / raw[name], low / raw_high, high / raw_low
                found[run["title"], result["system"], name] = median, low, high
    return found


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    for path in sys.argv[1:]:
        if not pathlib.Path(path).is_file():
            sys.exit(f"compare: {path} is not there; the target bench writes bench.json, and its copy is bench.base.json")
    before, after = load(sys.argv[1]), load(sys.argv[2])
    worse = 0
    for key in sorted(before.keys() & after.keys()):
        (old, old_low, old_high), (new, new_low, new_high) = before[key], after[key]
        if not old or abs(new / old - 1) <= CHANGE_MIN or (new_low <= old_high and old_low <= new_high):
            continue
        title, system, name = key
        better = (new > old) == NUMBERS[name]
        worse += not better and system.startswith("askr")
        print(f"{'better' if better else 'WORSE '} {new / old - 1:+6.0%}  {system:14} {name:14} {old:10.3f} -> {new:10.3f}  {title}")
    print(f"{len(before.keys() & after.keys())} numbers compared; askr is worse in {worse}")
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
