#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Every test that docs/security.md names as the proof of a defence is there: `named_tests.py ROOT`."""

import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
tests = {path: path.read_text(encoding="utf-8") for folder in ("tests", "bench") for path in (root / folder).rglob("*")
         if path.suffix in (".cpp", ".py") and "build" not in path.parts}
everything = "\n".join(tests.values())
files = {path.name for path in tests} | {path.stem for path in tests}
text = (root / "docs/security.md").read_text(encoding="utf-8")
rows = [line.rsplit("|", 2)[1] for line in text.splitlines() if line.startswith("|") and line.count("|") >= 4]
missing = []
for row in rows:
    for name in re.findall(r"`(\w+[a-z]_\w+)\*?`", row):
        if not re.search(rf"\b{name}", everything):
            missing.append(name)
    missing += [name for name in re.findall(r"\b\w+\.py\b|\b\w+_test\b", row) if name not in files]
    missing += [name for name in re.findall(r"\bfuzz\.(\w+)", row) if f"{name}_fuzz.cpp" not in files]
assert len(rows) > 60, f"only {len(rows)} rows were understood"
assert not missing, f"docs/security.md names tests that are not there: {missing}"
print(f"{len(rows)} rows name tests that exist")
