#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Compiles each public header alone, and twice in one file: `headers.py ROOT COMPILER FLAGS...`. Syntax only."""

import concurrent.futures
import glob
import os
import subprocess
import sys


def compile_alone(compiler, header):
    source = f"#include <{header}>\n#include <{header}>\n"
    return subprocess.run([*compiler, "-fsyntax-only", "-x", "c++", "-"], input=source, text=True,
                          capture_output=True, check=False)


def main():
    root = os.path.join(sys.argv[1], "libaskr", "include")
    headers = sorted(os.path.relpath(path, root) for path in glob.glob(root + "/askr/**/*.hpp", recursive=True))
    compiler = [*sys.argv[2:], "-std=c++20", "-I", root]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for header, done in zip(headers, pool.map(lambda header: compile_alone(compiler, header), headers)):
            if done.returncode != 0:
                failed += 1
                print(f"libaskr/include/{header} does not compile alone:\n{done.stderr}")
    print(f"{len(headers) - failed} of {len(headers)} public headers compile alone")
    return 0 if headers and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
