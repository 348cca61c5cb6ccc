#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The main job with npm's `ws` 8, connected to a node that does not serve the commands; then examples/client.js.

`flow_ws.py BINARIES WORK_FOLDER`: the packages are installed into WORK_FOLDER, exactly as package-lock.json names them.
Without npm there is nothing to run: exit 77, which ctest shows as skipped.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "support"))
from mesh import run, say  # noqa: E402

PACKAGES = ("package.json", "package-lock.json")


def install(work):
    """`npm ci`, unless what is there was made from the same lock file."""
    work.mkdir(parents=True, exist_ok=True)
    wanted = (HERE / "js" / "package-lock.json").read_text()
    stamp = work / "installed.json"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    for name in PACKAGES:
        shutil.copy(HERE / "js" / name, work / name)
    subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=work, check=True, timeout=120)
    stamp.write_text(wanted)


def test(mesh):
    agent, _relay, edge = mesh.trio()
    described = mesh.folder / "mesh.json"
    described.write_text(json.dumps(mesh.describe(agent, edge)))
    subprocess.run(["node", HERE / "js" / "flow_node.js", described], cwd=WORK, check=True, timeout=20)
    say("examples/client.js:")
    environment = dict(os.environ, ASKR_URL=edge.url, NODE_PATH=str(WORK / "node_modules"))
    shown = subprocess.run(["node", HERE.parents[1] / "examples" / "client.js", edge.url], cwd=WORK, timeout=20,
                           env=environment, text=True, capture_output=True, check=False)
    say(shown.stdout + shown.stderr)
    assert shown.returncode == 0, f"it ended with {shown.returncode}"
    assert shown.stdout.count("FETCHED_TIME") >= 1, "it heard no event"


if not (shutil.which("npm") and shutil.which("node")):
    say("SKIPPED: needs node and npm (tools/setup.sh --tests)")
    sys.exit(77)
WORK = pathlib.Path(sys.argv[2]).resolve()
install(WORK)
run(test, 60)
