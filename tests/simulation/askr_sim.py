# SPDX-License-Identifier: MIT
"""Runs askr-sim as its user does: what it prints, how it ends, and that a seed repeats everything.

Usage: askr_sim.py ASKR_SIM SEEDS [NODES_MAX]. Runs with more nodes are left out: a sanitizer makes them ten times as long."""

import json
import subprocess
import sys
from pathlib import Path

KEYS = ["seed", "nodes", "virtual_s", "wall_s", "messages", "bytes_per_node_per_s_idle", "bytes_per_node_per_s_churn",
        "converge_ms_p50", "converge_ms_p99", "lost_detect_ms_p50", "lost_detect_ms_p99", "false_lost", "lost_events",
        "unexplained_outcomes", "violations", "digest"]


def simulate(program, arguments):
    done = subprocess.run([program, *arguments, "--json"], capture_output=True, text=True, timeout=250, check=False)
    return done.returncode, done.stdout, done.stderr


def without_wall_time(line):
    return {key: value for key, value in json.loads(line).items() if key != "wall_s"}


def check_usage(program):
    for wrong in (["--nodes"], ["--nodes", "0"], ["--faults", "rain"], ["--minutes", "long"], ["--colour"]):
        code, out, err = simulate(program, wrong)
        assert code == 2 and not out and "usage" not in out and err, wrong


def check_line_and_repetition(program):
    arguments = ["--nodes", "20", "--minutes", "0.3", "--seed", "11", "--faults", "crash,linkbreak"]
    code, out, err = simulate(program, arguments)
    assert code in (0, 1), err
    assert out.count("\n") == 1, out
    assert list(json.loads(out)) == KEYS, out
    assert without_wall_time(simulate(program, arguments)[1]) == without_wall_time(out)
    arguments[5] = "12"
    assert json.loads(simulate(program, arguments)[1])["digest"] != json.loads(out)["digest"]


def replay_seeds(program, seeds, nodes_max):
    failed = 0
    for line in Path(seeds).read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        if int(line.split()[1]) > nodes_max:
            print(f"left out: {line}")
            continue
        code, out, err = simulate(program, line.split())
        print(f"{'ok  ' if code == 0 else 'FAIL'} {line}\n     {out.strip()}")
        if code != 0:
            print(err)
            failed += 1
    return failed


def main():
    program, seeds = sys.argv[1:3]
    nodes_max = int(sys.argv[3]) if len(sys.argv) > 3 else sys.maxsize
    check_usage(program)
    check_line_and_repetition(program)
    return 1 if replay_seeds(program, seeds, nodes_max) else 0


if __name__ == "__main__":
    sys.exit(main())
