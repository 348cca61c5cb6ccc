# SPDX-License-Identifier: MIT
"""Proves that the checkers of askr-sim bark: each bug that is put in on purpose ends a run with 1, and none does not."""

import subprocess
import sys

QUIET = ["--nodes", "12", "--minutes", "0.2", "--seed", "3", "--faults", "none"]
STORMY = ["--nodes", "20", "--minutes", "1", "--seed", "3", "--faults", "crash,slow,linkbreak", "--rate", "5"]

# What the first violation is about.
CANARIES = {
    "lose-event": (QUIET, "a gap that nobody told"),
    "lose-tail": (QUIET, "nor of a gap"),
    "double-command": (QUIET, "is not idempotent and ran twice"),
    "no-outcome": (QUIET, "has no outcome"),
    "two-outcomes": (QUIET, "has a second outcome"),
    "false-loss": (QUIET, "which is well and can be reached"),
    "zombie": (STORMY, "which is gone"),
}


def simulate(program, arguments):
    done = subprocess.run([program, *arguments, "--json"], capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stderr


def main():
    program, shipped = sys.argv[1:3]
    failed = 0
    for name, (arguments, words) in CANARIES.items():
        for run in [arguments] if arguments is STORMY else [arguments, STORMY]:
            code, err = simulate(program, [*run, "--canary", name])
            caught = code == 1 and words in err
            print(f"{'ok  ' if caught else 'FAIL'} {name} {' '.join(run)}")
            if not caught:
                print(err)
                failed += 1
    for run in (QUIET, STORMY):
        code, err = simulate(program, [*run, "--canary", "none"])
        assert code == 0, err
    assert simulate(program, ["--canary", "dog"])[0] == 2
    assert simulate(shipped, ["--canary", "none"])[0] == 2, "what ships has canaries"
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
