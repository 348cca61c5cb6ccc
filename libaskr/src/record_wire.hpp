// SPDX-License-Identifier: MIT
#pragma once

/// Signed records and repair between the mesh's structs and those of the peer wire. Neither layer knows the other.

#include "mesh/record_exchange.hpp"
#include "transport/record_delta_codec.hpp"

namespace askr {

transport::record_delta_message to_wire(const mesh::record_delta& delta, byte_buffer& keys);
mesh::record_delta from_wire(const transport::record_delta_message& message);

mesh::view_summary from_wire(const transport::view_summary_message& message);
mesh::view_rows from_wire(const transport::view_rows_message& message);
mesh::record_pull from_wire(const transport::id_list& message);

/// Appends the whole message body of what an exchange wants to send.
void write_message(byte_buffer& out, const mesh::exchange_message& message);
void write_message(byte_buffer& out, const mesh::record_delta& delta);

}  // namespace askr
