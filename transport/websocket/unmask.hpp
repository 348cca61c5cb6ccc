// SPDX-License-Identifier: MIT
#pragma once

/// The masking of client frames: exclusive or with four octets, over and over. Source: RFC 6455, section 5.3.

#include <askr/bytes.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace askr::websocket {

using mask_key = std::array<std::uint8_t, 4>;

/// Masks or unmasks in place. `phase`: how many octets of the same payload have gone before.
void unmask(mutable_byte_span data, const mask_key& key, std::size_t phase = 0) noexcept;

}  // namespace askr::websocket
