#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Checks the tree against the house rules of rules.py: `tidy.py ROOT`. Exit 1 names each breach as file:line: rule."""

import os
import re
import statistics
import sys

import rules
from functions import functions

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def source_files(root):
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = sorted(set(subfolders) - rules.SKIPPED_FOLDERS)
        for name in sorted(names):
            if name.endswith(rules.SOURCE):
                yield os.path.relpath(os.path.join(folder, name), root)


def layer_of(path):
    return next((layer for layer, folder in rules.LAYERS.items() if path.startswith(folder)), None)


class Tidy:
    def __init__(self, root):
        self.root = root
        self.breaches = []
        self.function_lines = []
        self.third_party_users = {}

    def breach(self, path, line, rule, what):
        self.breaches.append((path, line, rule, what))

    def exists(self, path):
        return os.path.isfile(os.path.join(self.root, path))

    def run(self):
        for path in source_files(self.root):
            with open(os.path.join(self.root, path), encoding="utf-8", errors="replace") as file:
                text = file.read()
            lines = text.splitlines()
            self.check_file(path, lines)
            if path.endswith(rules.CXX):
                self.check_functions(path, text)
                self.check_includes(path, lines)
                self.check_core(path, lines)
        self.check_third_party_counts()
        return self.breaches

    def check_file(self, path, lines):
        name = os.path.basename(path)
        if rules.FORBIDDEN_NAME.search(name):
            self.breach(path, 1, "name", "a file is named after the one thing it holds")
        if len(lines) > rules.FILE_LINES_MAX:
            self.breach(path, len(lines), "file-length", f"{len(lines)} lines, at most {rules.FILE_LINES_MAX}")
        if name.endswith(rules.WITH_LICENCE) and not any("SPDX-License-Identifier: MIT" in line for line in lines[:2]):
            self.breach(path, 1, "licence", "the first line is not the SPDX line")
        if name.endswith(".hpp") and "#pragma once" not in lines:
            self.breach(path, 1, "pragma-once", "a header without #pragma once")
        for number, line in enumerate(lines, 1):
            if rules.FORBIDDEN_MARK.search(line):
                self.breach(path, number, "unfinished", line.strip())

    def check_functions(self, path, text):
        for name, first, count in functions(text):
            self.function_lines.append(count)
            if count > rules.FUNCTION_LINES_MAX:
                self.breach(path, first, "function-length",
                            f"{name} has {count} lines, at most {rules.FUNCTION_LINES_MAX}")

    def check_includes(self, path, lines):
        layer = layer_of(path)
        if layer is None:
            self.breach(path, 1, "layer", "C++ outside the layers' folders")
            return
        for number, line in enumerate(lines, 1):
            found = INCLUDE.match(line)
            if not found:
                continue
            quote, included = found.groups()
            target = self.resolve(path, quote, included)
            if target:
                self.check_arrow(path, number, layer, included, layer_of(target))
            elif quote == '"' and not included.endswith(".inc"):
                self.breach(path, number, "include", f'"{included}" is no file from the root, nor beside this one')
            elif included.startswith("askr/"):
                self.breach(path, number, "include", f"<{included}> is no public header")
            else:
                self.check_third_party(path, number, layer, included)

    def resolve(self, path, quote, included):
        """The included file's path from the root, if it is one of ours."""
        places = ["libaskr/include/" + included]
        if quote == '"':
            places = [included, os.path.normpath(os.path.join(os.path.dirname(path), included))] + places
        return next((place for place in places if self.exists(place)), None)

    def check_arrow(self, path, number, layer, included, target):
        if target not in rules.MAY_INCLUDE[layer]:
            self.breach(path, number, "layer", f"{layer} may not include {included} ({target})")

    def check_third_party(self, path, number, layer, included):
        if layer == "tests":
            return
        for pattern, library, home, users_max in rules.THIRD_PARTY:
            if not re.match(pattern, included):
                continue
            if not re.fullmatch(home, path):
                self.breach(path, number, "third-party", f"<{included}>: {library} is not at home here")
            elif users_max is not None:
                self.third_party_users.setdefault((library, users_max), {})[path] = number

    def check_third_party_counts(self):
        for (library, users_max), users in sorted(self.third_party_users.items()):
            for path in sorted(users)[users_max:]:
                self.breach(path, users[path], "third-party",
                            f"{library} is expensive to compile: at most {users_max} file, {sorted(users)[0]} is it")

    def check_core(self, path, lines):
        if not rules.CORES.fullmatch(path):
            return
        for number, line in enumerate(lines, 1):
            code = line.split("//")[0]
            for pattern, what in rules.NOT_IN_CORES:
                if pattern.search(code):
                    self.breach(path, number, "core", f"a core uses {what}: {line.strip()}")


def main():
    tidy = Tidy(sys.argv[1])
    for path, line, rule, what in tidy.run():
        print(f"{path}:{line}: {rule}: {what}")
    lengths = tidy.function_lines or [0]
    print(f"{len(lengths)} functions, median {statistics.median(lengths):g} lines, longest {max(lengths)}; "
          f"{len(tidy.breaches)} breaches")
    return 1 if tidy.breaches or not tidy.function_lines else 0


if __name__ == "__main__":
    sys.exit(main())
