# SPDX-License-Identifier: MIT
"""Finds C++ functions and their lengths by counting braces: good enough for code that clang-format has laid out."""

import re

# Replaced by blanks of the same number of lines, so that braces in them do not count.
OPAQUE = re.compile(
    r'R"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)"'
    r"|//[^\n]*|/\*.*?\*/"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9A-Za-z_])(?:u8|[uUL])?'(?:\\.|[^'\\\n])+'"
    r"|^[ \t]*#(?:[^\n]*\\\n)*[^\n]*",
    re.DOTALL | re.MULTILINE)

NAMESPACE = re.compile(r"\b(namespace\b|extern\s*$)")
TEMPLATE = re.compile(r"^template\s*<(?:[^<>]|<(?:[^<>]|<[^<>]*>)*>)*>\s*(requires\b[^{]*?(?=\bclass\b|\bstruct\b))?")
TYPE = re.compile(r"^(?:(?:typedef|static|inline|constexpr|const)\s+)*(class|struct|union|enum)\b")
# `name(...) : member` before a brace: the brace initialises the member, the body comes later.
MEMBER_INITIALISER = re.compile(r"\)\s*(?:noexcept(?:\([^()]*\))?\s*)?:(?!:).*[\w>]$", re.DOTALL)
NAME = re.compile(r"([~\w:<>]+|operator\s*[^\s\w]+)\s*\(")


def without_opaque(text):
    return OPAQUE.sub(lambda found: "\n" * found.group().count("\n") or " ", text)


def name_of(header):
    header = re.sub(r"\btemplate\s*<[^()]*?>\s*(?=\w)|\brequires\b[^;{]*$|\b(?:alignas|decltype|explicit|noexcept)\([^()]*\)",
                    "", header)
    found = NAME.search(header)
    return found.group(1) if found else header.strip()[:40]


def functions(text):
    """Yields (name, first line, number of lines) of each function with a body, lambdas counted in their function."""
    text = without_opaque(text)
    scopes = []  # 'namespace', 'type', 'value', 'member' or (name, first line)
    header, header_line, line = "", 1, 1
    inside = 0  # How many open braces lie within the function being measured.
    for char in text:
        if char == "\n":
            line += 1
        if inside:
            inside += {"{": 1, "}": -1}.get(char, 0)
            if inside == 0:
                name, first = scopes.pop()
                yield name, first, line - first + 1
                header = ""
            continue
        if char == "{":
            stripped = header.strip()
            if MEMBER_INITIALISER.search(stripped):
                scopes.append(("member", header))
            elif NAMESPACE.search(stripped):
                scopes.append(("namespace", ""))
            elif TYPE.match(TEMPLATE.sub("", stripped)):
                scopes.append(("type", ""))
            elif "(" in stripped:
                scopes.append((name_of(stripped), header_line))
                inside = 1
            else:
                scopes.append(("value", header))
            if not inside and scopes[-1][0] in ("namespace", "type"):
                header = ""
        elif char == "}":
            kind, before = scopes.pop() if scopes else ("namespace", "")
            header = before + "{}" if kind in ("member", "value") else ""
        elif char == ";":
            header = ""
        elif header.strip() or not char.isspace():
            if not header.strip():
                header_line = line
            header += char
            if header.strip() in ("public:", "private:", "protected:"):
                header = ""
