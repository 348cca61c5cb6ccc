#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The main job from a page in headless Chromium, connected to a node that does not serve the commands. The page comes
from http://127.0.0.1, an origin that a node on loopback lets in; that others are refused is in http_edge.py."""

import functools
import http.server
import json
import pathlib
import queue
import shutil
import subprocess
import sys
import threading

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "support"))
from mesh import run, say  # noqa: E402

QUIET = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
         "--disable-background-networking", "--disable-component-update", "--disable-default-apps", "--disable-extensions",
         "--disable-dev-shm-usage", "--disable-domain-reliability", "--no-default-browser-check", "--no-pings",
         "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")  # It asks nobody but this machine.


class Pages(http.server.SimpleHTTPRequestHandler):
    """Serves the page and mesh.json, and takes the page's report."""

    described = b""
    reports = queue.Queue()

    def do_GET(self):  # noqa: N802
        if self.path != "/mesh.json":
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(self.described)

    def do_POST(self):  # noqa: N802
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()
        self.reports.put(json.loads(body))

    def log_message(self, *_):
        pass


def test(mesh):
    agent, _relay, edge = mesh.trio()
    Pages.described = json.dumps(mesh.describe(agent, edge)).encode()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Pages, directory=str(HERE / "js")))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    command = [CHROMIUM, *QUIET, f"--user-data-dir={mesh.folder / 'chromium'}", "--remote-debugging-port=0",
               f"http://127.0.0.1:{server.server_address[1]}/page.html"]
    browser_log = mesh.folder / "chromium.log"
    with open(browser_log, "wb") as log:
        browser = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=mesh.environment)
    try:
        report = Pages.reports.get(timeout=40)
    except queue.Empty:
        raise AssertionError(f"no report from the page: {browser_log.read_text(errors='replace')[-2000:]}") from None
    finally:
        browser.terminate()
        try:
            browser.wait(5)
        except subprocess.TimeoutExpired:
            browser.kill()
            browser.wait()
        server.shutdown()
    say(report["agent"], *report["said"], sep="\n  ")
    assert report["said"][-1] == "done", "the page failed"


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
if not CHROMIUM:
    say("SKIPPED: needs chromium (tools/setup.sh --tests)")
    sys.exit(77)
run(test, 60)
