// SPDX-License-Identifier: MIT
#pragma once

/// What a node of a later minor version of the wire may say: messages with a field more at their end, and messages of
/// kinds that nobody knows yet. Who follows the rules of docs/protocol.md, "Messages between peers", does not notice.

#include <askr/bytes.hpp>

namespace askr::simulated {

/// Appends `record`, messages behind lengths of two bytes, to `out` as such a node would have written it. It stays
/// within what a record can hold.
void write_as_later_minor(byte_span record, byte_buffer& out);

}  // namespace askr::simulated
