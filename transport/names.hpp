// SPDX-License-Identifier: MIT
#pragma once

/// What may name a command, a topic, a node or a workspace, on both wires and in the API.

#include <cstddef>
#include <string_view>

namespace askr::transport {

inline constexpr std::size_t name_bytes_max = 256;

/// True for 1 to name_bytes_max bytes of UTF-8 without white space and control characters: a name ends up in logs and on
/// terminals, and must not steer them.
bool is_name(std::string_view text) noexcept;

}  // namespace askr::transport
