#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The hardening that a released program was built with, read from the program: `hardening.py ROOT BUILD PROGRAM...`.
And that where it was built does not show in it: the same source gives the same bytes in any folder."""

import filecmp
import json
import pathlib
import platform
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

SOURCE = "transport/record_codec.cpp"  # Small, and with assertions, which name their file.


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def check(program, root):
    elf = output("readelf", "-W", "-h", "-l", "-d", program)
    symbols = output("nm", "-D", "--undefined-only", program)
    assert re.search(r"Type:\s+DYN", elf) and "PIE" in elf, f"{program}: not position-independent"
    assert "GNU_RELRO" in elf and re.search(r"FLAGS.*(BIND_NOW|NOW)", elf), f"{program}: not RELRO and NOW"
    assert re.search(r"GNU_STACK.*RW\s", elf), f"{program}: the stack is executable"
    assert "RPATH" not in elf, f"{program}: it looks for libraries in a folder of its own"
    assert "__stack_chk_fail" in symbols, f"{program}: no stack protector"
    assert re.search(r"__\w+_chk@", symbols), f"{program}: no _FORTIFY_SOURCE"
    if platform.machine() == "x86_64":
        started = output("objdump", "-d", "--no-show-raw-insn", "--section=.text", program).count("endbr64")
        assert started > 100, f"{program}: no indirect branch tracking (CET)"
    assert str(root).encode() not in pathlib.Path(program).read_bytes(), f"{program}: it names the folder of its source"


def flags_of(build):
    """Those that make code, for SOURCE."""
    commands = json.loads((build / "compile_commands.json").read_text(encoding="utf-8"))
    words = shlex.split(next(each["command"] for each in commands if each["file"].endswith("/" + SOURCE)))
    compiler = next(word for word in words if re.search(r"(c|g|clang)\+\+[\d.-]*$", word))
    return compiler, [word for word in words if re.match(r"-(O|D|f|std|g|W(?!invalid))", word)
                      and not word.startswith(("-ffile-prefix-map", "-fpch"))]


def compiled_in(folder, root, build):
    for name in ("libaskr", "crypto", "transport", "mesh"):
        shutil.copytree(root / name, folder / name, ignore=lambda where, names: [
            each for each in names if "." in each and not each.endswith((".hpp", pathlib.Path(SOURCE).name))])
    compiler, flags = flags_of(build)
    made = folder / "made.o"
    subprocess.run([compiler, *flags, f"-ffile-prefix-map={folder}=.", f"-I{folder}", f"-I{folder}/libaskr/include",
                    "-c", str(folder / SOURCE), "-o", str(made)], check=True, timeout=100, cwd=folder)
    return made


def main():
    root, build = (pathlib.Path(each).resolve() for each in sys.argv[1:3])
    for program in sys.argv[3:]:
        check(program, root)
    with tempfile.TemporaryDirectory() as here, tempfile.TemporaryDirectory(prefix="another-place-") as there:
        one, other = (compiled_in(pathlib.Path(each) / "src", root, build) for each in (here, there))
        assert filecmp.cmp(one, other, shallow=False), f"{SOURCE} gives other bytes in another folder"
    print(f"{len(sys.argv) - 3} programs hardened; the same bytes from any folder")


main()
