#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Two exports of llvm-cov, of the corpora alone and with the unit tests, as one table: coverage_report.py CORPORA ALL
[--missed] FILE... Assertions have one branch that must never be taken: they do not count."""

import json
import os
import sys


def read(path):
    with open(path, encoding="utf-8") as file:
        files = json.load(file)["data"][0]["files"]
    return {os.path.relpath(os.path.normpath(each["filename"])): each for each in files}


def branches(path, covered):
    """(line, text, outcome) -> times taken; instances of a template count as one."""
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n")
    found = {}
    for first, begin, last, end, taken, passed in (each[:6] for each in covered["branches"]):
        line = lines[first - 1]
        if "ASKR_ASSERT" in line:
            continue
        text = line[begin - 1:end - 1 if first == last else None]
        for outcome, times in (("true", taken), ("false", passed)):
            key = (first, begin, text, outcome)
            found[key] = found.get(key, 0) + times
    return found


def main(corpora, everything, paths):
    print(f"{'lines and branches reached, %':46}{'lines':>16}{'branches':>16}\n{'by':46}" + f"{'corpora':>8}{'+ unit':>8}" * 2)
    sums = [[0, 0] for _ in range(4)]
    missed = []
    for path in paths:
        if path not in everything:
            continue
        cells = []
        for number, part in enumerate((corpora, everything)):
            lines = part[path]["summary"]["lines"]
            taken = branches(path, part[path])
            cells.append((number, lines["covered"], lines["count"]))
            cells.append((2 + number, sum(times > 0 for times in taken.values()), len(taken)))
        missed += [(path, *key) for key, times in sorted(taken.items()) if times == 0]
        for place, reached, count in cells:
            sums[place][0] += reached
            sums[place][1] += count
        print(f"{path:46}" + "".join(f"{share(*cell):>8}" for _, *cell in sorted(cells)))
    print(f"{'all':46}" + "".join(f"{share(*each):>8}" for each in sums))
    return missed


def share(reached, count):
    return f"{100 * reached / count:.1f}" if count else "-"


arguments = [each for each in sys.argv[1:] if each != "--missed"]
left = main(read(arguments[0]), read(arguments[1]), arguments[2:])
if "--missed" in sys.argv:
    for where, line_number, _, condition, never in left:
        print(f"{where}:{line_number}: never {never}: {condition}")
