// SPDX-License-Identifier: MIT
#pragma once

/// TCP on loopback, for what has no library between itself and the system. All throw std::system_error.

#include <cstdint>

namespace askr::bench {

int connect_to(std::uint16_t port);
/// On any free port, which it names.
int listen_anywhere(std::uint16_t& port, int backlog = 1);
int accept_one(int listener);
/// -1 if stdin ends before somebody connects.
int accept_one_unless_input_ends(int listener);
/// Nagle off and not blocking.
void make_swift(int socket);
/// A TCP port nobody listens on at the moment, for programs that have to be told one.
std::uint16_t free_port();

}  // namespace askr::bench
