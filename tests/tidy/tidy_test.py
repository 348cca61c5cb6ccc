#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Proves that tidy can fail: each case is a small tree with one breach, beside trees that must pass."""

import os
import tempfile
import unittest

from functions import functions
from tidy import Tidy

LICENCE = "// SPDX-License-Identifier: MIT\n"
HEADER = LICENCE + "#pragma once\n"
PUBLIC = {"libaskr/include/askr/bytes.hpp": HEADER, "crypto/cipher.hpp": HEADER, "transport/link.hpp": HEADER,
          "mesh/routes.hpp": HEADER, "libaskr/src/node_core.hpp": HEADER}


def breaches(tree):
    with tempfile.TemporaryDirectory() as root:
        for path, text in {**PUBLIC, **tree}.items():
            os.makedirs(os.path.dirname(os.path.join(root, path)) or root, exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                file.write(text)
        return [(path, rule) for path, _, rule, _ in Tidy(root).run()]


def include(path, what):
    quoted = what if what[0] in '<"' else f'"{what}"'
    return {path: (HEADER if path.endswith(".hpp") else LICENCE) + f"#include {quoted}\n"}


class Layers(unittest.TestCase):
    def test_arrows_one_way_pass(self):
        for path, what in [("crypto/seal.cpp", "crypto/cipher.hpp"), ("crypto/seal.cpp", "<askr/bytes.hpp>"),
                           ("transport/record.cpp", "crypto/cipher.hpp"), ("mesh/view.cpp", "mesh/routes.hpp"),
                           ("libaskr/src/node.cpp", "mesh/routes.hpp"), ("libaskr/src/node.cpp", "node_core.hpp"),
                           ("tools/askr/send.cpp", "<askr/bytes.hpp>"), ("bench/rpc.cpp", "transport/link.hpp"),
                           ("tests/mesh/view_test.cpp", "mesh/routes.hpp"), ("mesh/view.cpp", "<vector>")]:
            self.assertEqual(breaches(include(path, what)), [], (path, what))

    def test_each_wrong_arrow_is_found(self):
        for path, what in [("crypto/seal.cpp", "transport/link.hpp"), ("crypto/seal.cpp", "mesh/routes.hpp"),
                           ("crypto/seal.cpp", "libaskr/src/node_core.hpp"), ("mesh/view.cpp", "crypto/cipher.hpp"),
                           ("mesh/view.cpp", "transport/link.hpp"), ("mesh/view.cpp", "../libaskr/src/node_core.hpp"),
                           ("transport/record.cpp", "mesh/routes.hpp"),
                           ("transport/record.cpp", "libaskr/src/node_core.hpp"),
                           ("libaskr/include/askr/node.hpp", "crypto/cipher.hpp"),
                           ("tools/askr/send.cpp", "transport/link.hpp"),
                           ("examples/server.cpp", "libaskr/src/node_core.hpp")]:
            self.assertEqual(breaches(include(path, what)), [(path, "layer")], (path, what))

    def test_an_include_of_nothing_is_found(self):
        self.assertEqual(breaches(include("mesh/view.cpp", "mesh/absent.hpp")), [("mesh/view.cpp", "include")])
        self.assertEqual(breaches(include("mesh/view.cpp", "<askr/absent.hpp>")), [("mesh/view.cpp", "include")])

    def test_code_outside_the_layers_is_found(self):
        self.assertEqual(breaches({"engine/core.cpp": LICENCE}), [("engine/core.cpp", "layer")])


class ThirdParty(unittest.TestCase):
    def test_at_home_passes(self):
        for path, what in [("transport/io/listener.cpp", "<asio/ip/tcp.hpp>"), ("libaskr/src/node_shell.cpp", "<asio.hpp>"),
                           ("libaskr/include/askr/node.hpp", "<asio/async_result.hpp>"),
                           ("libaskr/include/askr/payload.hpp", "<msgpack.hpp>"),
                           ("transport/wire_codec.cpp", "<msgpack/pack.hpp>"), ("transport/json_writer.cpp", "<simdjson.h>"),
                           ("crypto/cipher.cpp", "<openssl/evp.h>"), ("transport/websocket/handshake.cpp", "<openssl/sha.h>"),
                           ("transport/compression.cpp", "<zstd.h>"), ("transport/websocket/deflate.cpp", "<zlib.h>"),
                           ("tools/askr/options.cpp", "<CLI/CLI.hpp>"), ("tests/mesh/a_test.cpp", "<boost/test/unit_test.hpp>")]:
            self.assertEqual(breaches(include(path, what)), [], (path, what))

    def test_away_from_home_is_found(self):
        for path, what in [("mesh/view.cpp", "<asio/ip/tcp.hpp>"), ("transport/session.cpp", "<asio.hpp>"),
                           ("tools/askr/send.cpp", "<asio.hpp>"), ("libaskr/include/askr/event.hpp", "<asio.hpp>"),
                           ("libaskr/src/dispatcher.cpp", "<msgpack.hpp>"), ("transport/link.cpp", "<sodium.h>"),
                           ("libaskr/src/random.cpp", "<sodium/randombytes.h>"), ("mesh/view.cpp", "<openssl/evp.h>"),
                           ("transport/link.cpp", "<zstd.h>"), ("libaskr/src/node_core.cpp", "<simdjson.h>"),
                           ("transport/http.cpp", "<zlib.h>"), ("libaskr/src/options.cpp", "<CLI/CLI.hpp>"),
                           ("libaskr/src/node.cpp", "<spdlog/spdlog.h>"), ("crypto/seal.cpp", "<boost/asio.hpp>")]:
            self.assertEqual(breaches(include(path, what)), [(path, "third-party")], (path, what))

    def test_an_expensive_header_in_a_second_file_is_found(self):
        tree = {**include("tools/askr/a.cpp", "<CLI/App.hpp>"), **include("tools/askr/b.cpp", "<CLI/App.hpp>")}
        self.assertEqual(breaches(tree), [("tools/askr/b.cpp", "third-party")])


class Cores(unittest.TestCase):
    def test_input_and_output_in_a_core_is_found(self):
        for line in ["#include <sys/socket.h>", "#include <fstream>", "#include <thread>",
                     "auto t = std::chrono::steady_clock::now();", "std::random_device d;", "auto e = getenv(\"X\");"]:
            self.assertEqual(breaches({"mesh/view.cpp": LICENCE + line + "\n"}), [("mesh/view.cpp", "core")], line)

    def test_the_same_outside_a_core_passes(self):
        self.assertEqual(breaches({"transport/io/a.cpp": LICENCE + "#include <sys/socket.h>\n#include <thread>\n"}), [])
        self.assertEqual(breaches({"mesh/view.cpp": LICENCE + "// steady_clock::now() is handed in\n"}), [])


class Files(unittest.TestCase):
    def test_forbidden_names_are_found(self):
        for name in ["utils.cpp", "string_util.cpp", "link_helpers.cpp", "common.cpp", "misc.cpp", "link_manager.cpp"]:
            self.assertEqual(breaches({"mesh/" + name: LICENCE}), [("mesh/" + name, "name")])
        self.assertEqual(breaches({"mesh/utility_curve.cpp": LICENCE, "mesh/commonality.cpp": LICENCE}), [])

    def test_missing_licence_is_found(self):
        self.assertEqual(breaches({"mesh/a.cpp": "int a;\n"}), [("mesh/a.cpp", "licence")])
        self.assertEqual(breaches({"tools/a.sh": "#!/bin/sh\n# SPDX-License-Identifier: MIT\n"}), [])

    def test_missing_pragma_once_is_found(self):
        self.assertEqual(breaches({"mesh/a.hpp": LICENCE}), [("mesh/a.hpp", "pragma-once")])

    def test_unfinished_work_is_found(self):
        self.assertEqual(breaches({"mesh/a.cpp": LICENCE + "// TO" + "DO later\n"}), [("mesh/a.cpp", "unfinished")])

    def test_long_files_are_found(self):
        self.assertEqual(breaches({"mesh/a.cpp": LICENCE + "\n" * 499}), [])
        self.assertEqual(breaches({"mesh/a.cpp": LICENCE + "\n" * 500}), [("mesh/a.cpp", "file-length")])

    def test_long_functions_are_found(self):
        body = LICENCE + "namespace n {\nint f(int a) {\n" + "  ++a;\n" * 67 + "  return a;\n}\n}\n"
        self.assertEqual(breaches({"mesh/a.cpp": body}), [])
        longer = body.replace("  return", "  ++a;\n  return")
        self.assertEqual(breaches({"mesh/a.cpp": longer}), [("mesh/a.cpp", "function-length")])


class Functions(unittest.TestCase):
    def lengths(self, text):
        return [(name, lines) for name, _, lines in functions(text)]

    def test_plain_member_and_template_functions(self):
        text = ("namespace a {\nint f() { return 1; }\n\nstruct s {\n  int x{1};\n  int get() const noexcept {\n    return x;\n"
                "  }\n};\n\ntemplate <class T>\nT half(T value) {\n  return value / 2;\n}\n}\n")
        self.assertEqual(self.lengths(text), [("f", 1), ("get", 3), ("half", 4)])

    def test_constructors_with_braced_members(self):
        text = "link::link(int a)\n    : a_{a}, b_(a),\n      c_{} {\n  run();\n}\nint next() { return 1; }\n"
        self.assertEqual(self.lengths(text), [("link::link", 5), ("next", 1)])

    def test_braces_in_text_do_not_count(self):
        text = 'int f() {\n  auto a = "}{"; auto b = \'{\';\n  // }\n  auto c = R"x(})x"; int d = 1\'000;\n  return 1;\n}\n'
        self.assertEqual(self.lengths(text), [("f", 6)])

    def test_nested_lambdas_and_branches_belong_to_their_function(self):
        text = "void f() {\n  auto g = [](int a) {\n    if (a) {\n    }\n  };\n}\n\nvoid h() {}\n"
        self.assertEqual(self.lengths(text), [("f", 6), ("h", 1)])

    def test_types_that_look_like_functions(self):
        text = ("template <class R, class... Args>\nclass call<R(Args...)> {\n  int f() {\n    return 1;\n  }\n};\n"
                "struct alignas(64) slot {\n  void g() {}\n};\n")
        self.assertEqual(self.lengths(text), [("f", 3), ("g", 1)])

    def test_enums_arrays_and_operators(self):
        text = ("enum class e { a, b };\nconst int t[] = {1, 2};\nbool operator==(int, int) {\n  return true;\n}\n"
                "BOOST_AUTO_TEST_CASE(x) {\n  y();\n}\n")
        self.assertEqual(self.lengths(text), [("operator==", 3), ("BOOST_AUTO_TEST_CASE", 3)])


if __name__ == "__main__":
    unittest.main()
