#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Runs a set of measurements, each with all its systems by turns, and says how askr stands to each of them.

`run.py BINARIES [--set standard|quick|smoke] [--only WORKLOAD] [--out bench.json]`: beside the JSON lies a page with charts.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import time

import chart

BROKERS = "zmq,zmq-ipc,zmq-curve,nats,nng,dds"
SERVERS = "raw,askr,websocketpp,ws,uws"

# Workload, its arguments. What the rounds are like is the set's.
STANDARD = [
    ("rpc", f"--system raw,raw-unbatched,askr,askr-tcp,askr-future,{BROKERS} --in-flight 1 --pin 0"),
    ("rpc", f"--system raw,askr,askr-tcp,askr-spin,{BROKERS} --in-flight 1 --pin 1"),
    ("rpc", f"--system raw,raw-unbatched,askr,askr-tcp,askr-future,{BROKERS} --in-flight 64 --pin 1"),
    ("rpc", f"--system raw,askr,askr-tcp,{BROKERS} --in-flight 512 --pin 1"),
    ("rpc", "--system raw,askr,askr-tcp,zmq,zmq-curve,nats,nng --in-flight 64 --payload 16384 --pin 1"),
    ("rpc", "--system raw,askr,zmq,zmq-curve,nats,nng --in-flight 64 --rate 20000 --pin 1"),
    # Apart, because its nodes take a few percent of a CPU each while others are measured.
    ("rpc", "--system askr,moleculer --in-flight 64 --pin 1"),
    ("events", f"--system raw,askr,askr-tcp,{BROKERS} --pin 1"),
    ("events", f"--system raw,askr,askr-tcp,{BROKERS} --subscribers 8 --pin 1"),
    ("events", "--system askr,moleculer --pin 1"),
    ("events", "--system askr,moleculer --subscribers 8 --pin 1"),
    ("events", "--system raw,askr,zmq,zmq-curve,nats,nng,dds --subscribers 8 --payload 1024 --pin 1"),
    ("events", "--system raw,askr,zmq,zmq-curve,nats,nng,dds --payload 16384 --in-flight 256 --pin 1"),  # 4 MiB under way
    ("ws", f"--system {SERVERS} --in-flight 64 --pin 1"),
    ("ws", f"--system {SERVERS} --in-flight 512 --pin 1"),
    ("fanout", f"--system {SERVERS} --in-flight 4 --pin 1"),
    ("relay", "--in-flight 1 --pin 0"),
    ("bulk", "--system raw,askr,zmq,zmq-curve --pin 1"),
    ("compress", "--pin 1"),
    ("compress", "--mbit 0 --pin 1"),
    ("idle", ""),
    ("join", ""),
]
QUICK = [
    ("rpc", "--system raw,askr,zmq,zmq-curve,nats,dds --in-flight 1 --pin 0"),
    ("rpc", "--system raw,askr,zmq,zmq-curve,nats,nng --in-flight 64 --pin 1"),
    ("rpc", "--system raw,askr,zmq,zmq-curve,nats --in-flight 512 --pin 1"),
    ("events", "--system raw,askr,zmq,zmq-curve,nats,dds --pin 1"),
    ("events", "--system raw,askr,zmq,zmq-curve,nats,dds --subscribers 8 --pin 1"),
    ("ws", f"--system {SERVERS} --in-flight 64 --pin 1"),
    ("fanout", f"--system {SERVERS} --in-flight 4 --pin 1"),
    ("relay", "--in-flight 1 --pin 0"),
    ("bulk", "--system raw,askr,zmq --mib 128 --pin 1"),
    ("compress", "--pin 1"),
    ("idle", ""),
    ("join", ""),
]
SMOKE = [
    ("rpc", f"--system raw,raw-unbatched,askr,askr-spin,{BROKERS},nng-ipc,moleculer --in-flight 8"),
    ("rpc", "--system raw,askr,askr-future,zmq,nats --in-flight 8 --rate 500"),
    ("events", f"--system raw,askr,{BROKERS},moleculer --subscribers 2 --in-flight 512"),
    ("ws", f"--system {SERVERS} --in-flight 8"),
    ("fanout", f"--system {SERVERS} --clients 50"),
    ("relay", ""),
    ("bulk", "--system raw,askr,zmq --mib 4"),
    ("compress", ""),
    ("idle", ""),
]
SETS = {  # Seconds of a round, rounds, and those of the workloads that rest first.
    "standard": (STANDARD, 1.0, 3),
    "quick": (QUICK, 0.4, 3),
    "smoke": (SMOKE, 0.05, 1),
}


def measure(binaries, workload, arguments, seconds, rounds):
    """The results of all systems that are there, one dictionary each, and whether all went well."""
    command = [str(binaries / "askr-bench"), workload, *arguments.split(), "--rounds", str(rounds), "--json"]
    if workload not in ("join", "bulk"):
        command += ["--seconds", str(max(seconds, 0.1) if workload == "idle" else seconds)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False, stdin=subprocess.DEVNULL)
    sys.stderr.write(done.stderr)
    return [json.loads(line) for line in done.stdout.splitlines()], done.returncode == 0


def rated(result):
    """The number by which systems are compared, and whether more is better."""
    if result.get("in_flight") == 1 and result["workload"] in ("rpc", "relay"):
        return result["p50_us"], False
    if "per_second" in result:
        return result["per_second"], True
    return None, True


def row(result, askr):
    text = f"  {result['system']:14}"
    if "per_second" in result:
        spread = f"({result['per_second_min']:,.0f} - {result['per_second_max']:,.0f})"
        text += f"{result['per_second']:13,.0f}/s {spread:>27}"
    if "p50_us" in result:
        text += f"  p50 {result['p50_us']:9.1f} p99 {result['p99_us']:9.1f} p99.9 {result['p999_us']:9.1f} us"
    if "cpu_us_per_op" in result:
        text += f"  CPU {result['cpu_us_per_op']:7.2f} us"
    if result.get("lost", 0) or result.get("errors", 0):
        text += f"  LOST {result.get('lost', 0):.0f}, errors {result.get('errors', 0):.0f}"
    if "bulk_mb_per_second" in result:
        text += f"  bulk {result['bulk_mb_per_second']:,.0f} MB/s"
    own, theirs = (rated(askr)[0] if askr else None), rated(result)[0]
    if own and theirs and askr is not result:
        text += f"  askr {own / theirs:.2f}x"
    if "per_second" not in result:
        shown = ("ready_ms", "rss_kib", "cpu_percent", "client_kib", "crowd_cpu_percent", "all_joined_ms", "killed_ms", "stopped_ms")
        text += "  ".join(f"{name} {result[name]:g}" for name in shown if name in result)
    return text


def show(title, results):
    print(title)
    askr = next((each for each in results if each["system"] == "askr"), None)
    for each in results:
        print(row(each, askr))
    print(flush=True)


def main():
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("binaries", type=pathlib.Path)
    given.add_argument("--set", choices=SETS, default="standard")
    given.add_argument("--only", help="one workload of the set")
    given.add_argument("--out", type=pathlib.Path)
    options = given.parse_args()
    runs, seconds, rounds = SETS[options.set]
    started, all_results, good = time.monotonic(), [], True
    for workload, arguments in runs:
        if options.only in (None, workload):
            results, well = measure(options.binaries, workload, arguments, seconds, rounds)
            good = good and well
            all_results.append({"title": f"{workload} {arguments}".strip(), "results": results})
            show(all_results[-1]["title"], results)
    if options.out:
        options.out.write_text(json.dumps({"set": options.set, "runs": all_results}, indent=1))
        options.out.with_suffix(".html").write_text(chart.page(all_results, rated))
        print(f"{options.out} and {options.out.with_suffix('.html').name}; {time.monotonic() - started:.0f} s")
    return 0 if good and all_results else 1


if __name__ == "__main__":
    sys.exit(main())
