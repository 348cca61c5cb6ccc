#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What an idle node costs: at most 8 MiB resident in a program that is nothing else, 8.25 MiB in the command line with its parser and
logger; and ready (its ready line is out) within 20 ms of its start.

Medians of five starts, three attempts: other work on the machine can only make it look worse. Release builds only.
"""

import pathlib
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "support"))
from mesh import run, say  # noqa: E402

PROGRAMS = [(["example-server"], 8 << 10), (["askr", "node"], 8448)]
READY_MS_MAX = 20
STARTS = 5
ATTEMPTS = 3


def start_and_measure(mesh, program, number):
    """The time from just before the start to the ready line, and what the node holds a moment later."""
    command = [str(mesh.binaries / program[0]), *program[1:], "--name", f"idle{number}", "--workspace", mesh.workspace + str(number),
               "--port", "0", "--json"]
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          env=mesh.environment, close_fds=False) as process:
        line = process.stdout.readline()
        ready_ms = (time.perf_counter() - started) * 1000
        assert b'"ready"' in line, line
        time.sleep(0.3)
        with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
            rss = next(int(each.split()[1]) for each in status if each.startswith("VmRSS:"))
        process.terminate()
        assert process.wait(5) == 0
    return ready_ms, rss


def check(mesh, program, rss_kib_max):
    start_and_measure(mesh, program, "warm")  # Makes the user's secret, and warms the file cache.
    for attempt in range(ATTEMPTS):
        taken = [start_and_measure(mesh, program, f"{attempt}{i}") for i in range(STARTS)]
        ready_ms, rss = (statistics.median(each) for each in zip(*taken))
        say(f"{program[0]}: ready after {ready_ms:.1f} ms (at most {READY_MS_MAX}), {rss} KiB resident (at most {rss_kib_max})")
        if ready_ms <= READY_MS_MAX and rss <= rss_kib_max:
            return
    raise AssertionError("too slow, or too large")


def test(mesh):
    if mesh.sanitized:
        say("SKIPPED: a sanitizer build has another footprint")
        return
    for program, rss_kib_max in PROGRAMS:
        check(mesh, program, rss_kib_max)


run(test, 60)
