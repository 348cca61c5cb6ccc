# SPDX-License-Identifier: MIT
"""The house rules as data: which folder may include which, where third-party headers live, and the size limits.

Change a rule here only together with docs/architecture.md.
"""

import re

FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70

CXX = (".hpp", ".cpp")
SOURCE = CXX + (".py", ".sh", ".js", ".mjs", ".ts", ".css", ".html", ".cmake", ".cmake.in", "CMakeLists.txt")
WITH_LICENCE = CXX + (".py", ".sh", ".js", ".mjs", ".ts", ".cmake", ".cmake.in", "CMakeLists.txt")
SKIPPED_FOLDERS = {".git", "build", "node_modules", "__pycache__", "corpus", "data"}
FORBIDDEN_NAME = re.compile(r"(^|[_\-.])(utils?|helpers?|common|misc|manager)([_\-.]|$)")
FORBIDDEN_MARK = re.compile(r"\b(TO" r"DO|FIX" r"ME|HA" r"CK)\b")

# Layer -> its folder. The first matching folder counts.
LAYERS = {
    "public": "libaskr/include/",
    "libaskr": "libaskr/src/",
    "crypto": "crypto/",
    "transport": "transport/",
    "mesh": "mesh/",
    "simulator": "tools/askr-sim/",  # Before what it lies in: the first that matches counts.
    "tools": "tools/",
    "examples": "examples/",
    "bench": "bench/",
    "tests": "tests/",
}

# The arrows: value types <- crypto <- transport <- libaskr, and value types <- mesh <- libaskr.
MAY_INCLUDE = {
    "public": {"public"},
    "crypto": {"public", "crypto"},
    "transport": {"public", "crypto", "transport"},
    "mesh": {"public", "mesh"},
    "libaskr": {"public", "crypto", "transport", "mesh", "libaskr"},
    "tools": {"public", "tools"},
    "examples": {"public", "examples"},
    "simulator": {"public", "transport", "mesh", "libaskr", "simulator"},
    "bench": {"public", "crypto", "transport", "mesh", "libaskr", "bench"},
    "tests": set(LAYERS),
}

# What an include names -> (the library, the files that may include it, how many may; None: any number).
# Tests may include anything.
ASIO_SHELL = r"libaskr/src/(\w+_shell|node|client|connection|connection_links|connection_tls|worker_pool)\.(hpp|cpp)"
THIRD_PARTY = [
    (r"asio(\.hpp|/)", "Asio",
     r"transport/io/.*|" + ASIO_SHELL + r"|libaskr/include/askr/(node|client|coroutine|completion|simulation)\.hpp"
     r"|examples/.*|bench/.*", None),
    (r"msgpack(\.hpp|/)", "msgpack-c",
     r".*codec[^/]*|transport/json[^/]*|libaskr/include/askr/(payload|value)\.hpp|libaskr/include/askr/detail/payload.*"
     r"|libaskr/src/(payload|value)[^/]*|bench/.*", None),
    (r"sodium(\.h|/)", "libsodium", r"crypto/.*|bench/.*", None),
    (r"openssl/", "OpenSSL", r"crypto/.*|transport/websocket/handshake\.cpp|transport/tls\.cpp|bench/.*", None),
    (r"zstd(_errors)?\.h|zdict\.h", "zstd", r"transport/compression\.cpp", None),
    (r"simdjson", "simdjson", r"transport/json[^/]*\.cpp|bench/rivals/.*", None),
    (r"zlib\.h", "zlib", r"transport/websocket/deflate\.cpp", None),
    (r"CLI/", "CLI11", r"tools/askr/.*\.cpp", 1),
    (r"(spdlog|fmt)/", "spdlog", r"(tools/askr|libaskr/src)/[^/]*log[^/]*\.cpp", 1),
    (r"benchmark/", "Google Benchmark", r"bench/.*", None),
    (r"boost/", "Boost", r"(?!)", None),
]

# Cores have no I/O: time and chance are parameters. The io folder, the shells and crypto's key files are not cores.
CORES = re.compile(r"(mesh/|transport/(?!io/)|libaskr/src/(node_core|authoriser|discovery|dispatcher|doctor|subscriptions|stranger_gate|source_buckets|connected_state"
                   r"|event_\w+|pending_commands|timer_wheel|slot_map|membership|\w+_door|\w+_table)\.|libaskr/src/simulated/).*")
NOT_IN_CORES = [
    (re.compile(r"^\s*#\s*include\s*<(sys/(socket|epoll|un|stat|mman|ioctl)|unistd|fcntl|netdb|poll"
                r"|net/if)\.h>"), "the operating system"),
    (re.compile(r"^\s*#\s*include\s*<(fstream|iostream|thread|mutex|condition_variable|future|filesystem)>"),
     "files, streams or threads"),
    (re.compile(r"\b(steady_clock|system_clock|high_resolution_clock)::now\b|\b(clock_)?gettime(ofday)?\s*\("),
     "a clock"),
    (re.compile(r"\bstd::random_device\b|\bstd::mt19937|\bs?rand\s*\(\)"), "its own chance"),
    (re.compile(r"\bgetenv\s*\("), "the environment"),
]
