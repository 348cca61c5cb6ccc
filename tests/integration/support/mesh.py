# SPDX-License-Identifier: MIT
"""A mesh of real processes on loopback for one test: `mesh.run(test, seconds)` is a test's main function.

Each mesh has a workspace and a home folder of its own, so neither other tests nor the user's nodes and keys are touched.
At the end every process gets SIGTERM and must end with 0 (under a sanitizer that also says that nothing leaked).
"""

import json
import os
import pathlib
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback

from askr_client import AskrClient, Failure
from raw_websocket import until

READY_SECONDS = 10.0
END_SECONDS = 5.0
SANITIZER_MARKS = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "runtime error:", "WARNING: ThreadSanitizer")


class Process:
    """A node process; `port`, `name` and `id` are those of its ready line."""

    def __init__(self, label, command, folder, environment):
        self.label = label
        self.folder = folder
        self.log_path = folder / f"{label}.log"
        self.out_path = folder / f"{label}.out"
        self.started = time.monotonic()
        with open(self.log_path, "wb") as log, open(self.out_path, "wb") as out:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=log, env=environment,
                                            cwd=folder)
        self.pid = self.process.pid
        self.expected_to_die = False

    def await_ready(self):
        said = until(self._ready_line, READY_SECONDS, 0.002)
        self.name, self.id, self.workspace, self.url = (said[key] for key in ("name", "id", "workspace", "url"))
        self.port = int(self.url.rsplit(":", 1)[1])
        return self

    def _ready_line(self):
        for line in self.out_path.read_text(errors="replace").splitlines(keepends=True):
            if line.endswith("\n") and '"ready"' in line:
                return json.loads(line)
        if self.process.poll() is not None:
            raise AssertionError(f"{self.label} ended with {self.process.returncode} before it was ready")
        return None

    def alive(self):
        return self.process.poll() is None

    def log(self):
        return self.log_path.read_text(errors="replace") + self.out_path.read_text(errors="replace")

    def rss_kib(self):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))

    def freeze(self):
        """SIGSTOP, and waits until every thread stands still."""
        self.process.send_signal(signal.SIGSTOP)
        threads = pathlib.Path(f"/proc/{self.pid}/task")
        until(lambda: all((each / "stat").read_text().rsplit(")", 1)[1].split()[0] == "T" for each in threads.iterdir()))

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def kill(self):
        self.expected_to_die = True
        self.process.send_signal(signal.SIGKILL)

    def terminate(self):
        """Asks it to end, waits, and gives its exit code."""
        self.process.terminate()
        return self.process.wait(END_SECONDS)

    def client(self, **options):
        return AskrClient(self.port, **options)


class Mesh:
    def __init__(self, binaries):
        self.binaries = pathlib.Path(binaries).resolve()
        self.workspace = "test-" + secrets.token_hex(4)
        self.processes = []
        self.at_end = []  # Called once all processes have ended, whatever became of the test.
        self.temporary = tempfile.TemporaryDirectory(prefix="askr-")
        self.folder = pathlib.Path(self.temporary.name)
        self.environment = dict(os.environ, HOME=str(self.folder), XDG_CONFIG_HOME=str(self.folder / "config"),
                                XDG_RUNTIME_DIR=str(self.folder), NO_COLOR="1")
        self.environment.pop("ASKR_URL", None)
        self.sanitized = b"__asan_init" in (self.binaries / "askr").read_bytes()  # Then memory and time are no measure.

    def start(self, program, label, *options, workspace=None, port=0, prefix=()):
        """Starts a process, by the command `prefix` if there is one, and does not wait for it."""
        command = [*prefix, str(self.binaries / program)] + (["node"] if program == "askr" else [])
        command += ["--name", label, "--workspace", workspace or self.workspace, "--port", str(port), "--json"]
        started = Process(label, command + [str(each) for each in options], self.folder, self.environment)
        self.processes.append(started)
        return started

    def node(self, label, *options, **how):
        return self.start("askr", label, *options, **how).await_ready()

    def server(self, label, *options, **how):
        """The example that serves fetch, start and stop, and emits FETCHED_TIME."""
        return self.start("example-server", label, *options, **how).await_ready()

    def trio(self, interval_ms=20):
        """agent serves; relay and edge do not. All know all."""
        started = [self.start("example-server", "agent", "--interval-ms", interval_ms),
                   self.start("askr", "relay"), self.start("askr", "edge")]
        for each in started:
            each.await_ready()
        self.settle(*started)
        return started

    def settle(self, *nodes, seconds=10.0):
        """Waits until each of these nodes sees all of them."""
        wanted = {each.name for each in nodes}
        for each in nodes:
            with each.client() as client:
                until(lambda: wanted <= names_seen(client), seconds)

    def describe(self, agent, edge):
        """What the flow in JavaScript is told."""
        return {"workspace": self.workspace, "agent": {"url": agent.url, "name": agent.name},
                "edge": {"url": edge.url, "name": edge.name, "id": edge.id}}

    def askr(self, *arguments, seconds=15):
        """Runs the CLI to its end."""
        return subprocess.run([str(self.binaries / "askr"), *map(str, arguments)], env=self.environment, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds, check=False, cwd=self.folder)

    def end(self):
        """Ends all processes; gives what was wrong with them."""
        faults = []
        for each in self.processes:
            if each.alive():
                each.thaw()
                each.process.terminate()
        for each in self.processes:
            try:
                code = each.process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                each.process.kill()
                each.process.wait()
                faults.append(f"{each.label} did not end on SIGTERM")
                continue
            if code != 0 and not each.expected_to_die:
                faults.append(f"{each.label} ended with {code}")
        for each in self.processes:
            if any(mark in each.log() for mark in SANITIZER_MARKS):
                faults.append(f"a sanitizer complained about {each.label}")
        for each in self.at_end:
            each()
        return faults

    def show_logs(self):
        for each in self.processes:
            print(f"--- {each.label} (pid {each.pid})", file=sys.stderr)
            print("\n".join(each.log().splitlines()[-60:]), file=sys.stderr)


def names_seen(client):
    return {each["name"] for each in client.call("askr.nodes")}


def lists(client, node, what, name):
    """Whether the client's node knows that `node` serves a command, or listens to a topic."""
    try:
        rows = client.call("askr.nodes")
    except Failure:
        return False
    return any(row["name"] == node.name and name in row[what] for row in rows)


def free_port():
    """One below those that the system gives to port 0, so that nobody else is given it meanwhile."""
    for port in range(20000 + os.getpid() % 10000, 32000):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise AssertionError("no free port")


def say(*words, sep=" "):
    print(*words, sep=sep, flush=True)


def run(test, seconds=30):
    """The main function of a test: `FILE BINARIES [more]`. Calls test(mesh) and exits; shows all logs on failure."""
    mesh = Mesh(sys.argv[1])

    def give_up():
        print(f"FAILED: not done within {seconds} s", file=sys.stderr)
        for stack in sys._current_frames().values():
            traceback.print_stack(stack)
        finish(mesh, ["too slow"], True)

    alarm = threading.Timer(seconds, give_up)
    alarm.daemon = True
    alarm.start()
    failed = False
    try:
        test(mesh)
    except BaseException:  # pylint: disable=broad-except
        traceback.print_exc()
        failed = True
    alarm.cancel()
    finish(mesh, [], failed)


def finish(mesh, faults, failed):
    faults = faults + mesh.end()
    if failed or faults:
        mesh.show_logs()
        print("FAILED", *faults, sep="\n  ", file=sys.stderr)
    mesh.temporary.cleanup()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1 if failed or faults else 0)
