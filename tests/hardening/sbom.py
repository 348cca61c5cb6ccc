#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The bill of materials: well-formed, the same each time, and every library that tools/setup.sh installs is in it."""

import json
import pathlib
import re
import subprocess
import sys

root = pathlib.Path(sys.argv[1])


def made():
    return subprocess.run([root / "tools/sbom.sh"], check=True, capture_output=True, text=True, timeout=30).stdout


text = made()
assert text == made(), "not the same bytes twice"
bill = json.loads(text)
assert bill["bomFormat"] == "CycloneDX" and bill["specVersion"] == "1.5", bill
assert re.fullmatch(r"\d+\.\d+\.\d+\S*", bill["metadata"]["component"]["version"]), bill["metadata"]
setup = (root / "tools/setup.sh").read_text(encoding="utf-8")
libraries = set(re.findall(r"\b(?:lib[\w+.-]+|zlib1g)-dev\b", re.search(r"build=\((.*?)\)", setup, re.S)[1]))
listed = {each["name"]: each for each in bill["components"]}
assert libraries and libraries <= set(listed), f"not in the bill: {libraries - set(listed)}"
for each in listed.values():
    assert each["version"] and each["licenses"][0]["expression"], each
    assert re.fullmatch(r"pkg:deb/debian/[^@]+@[^?+:]+\?arch=\w+&distro=\S+", each["purl"]), each["purl"]
print(f"{len(listed)} packages")
