// SPDX-License-Identifier: MIT
#pragma once

/// WebSocket servers under load: one client process in this program for all of them, which speaks askr's JSON
/// (docs/protocol.md), so that all servers read and write the same texts.

#include "bench/arguments.hpp"
#include "bench/process.hpp"
#include "bench/requester.hpp"

#include <cstddef>
#include <memory>
#include <string>

namespace askr::bench {

inline constexpr std::string_view echo_front = R"({"command":"bench.echo","mid":)";
inline constexpr std::string_view emit_front = R"({"command":"bench.emit","mid":)";
inline constexpr std::string_view subscribe_text =
    R"({"type":"subscription","eventType":"bench.event","mid":0,"ready":true})";

/// One client whose commands are echoed, beside so many that do nothing.
std::unique_ptr<requester> make_websocket_requester(const std::string& system, pinning where, std::size_t idle);
/// So many clients that listen; each request is an event, done when the last of them has heard it.
std::unique_ptr<requester> make_fanout_requester(const std::string& system, pinning where, std::size_t clients);

/// Servers in children. Raw: epoll, no JSON; a text is echoed as it came, and an event is framed once.
int run_askr_websocket_server(arguments& given);
int run_raw_websocket_server(arguments& given);

}  // namespace askr::bench
