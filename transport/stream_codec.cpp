// SPDX-License-Identifier: MIT
#include "transport/stream_codec.hpp"

#include "transport/wire_fields.hpp"

#include <limits>

namespace askr::transport {

void write_head(byte_buffer& out, const part_message& part) {
  write_head_of(out, message_kind::part, 4);
  write_uint(out, part.mid);
  write_uint(out, part.number);
  write_payload_head(out, part.payload);
}

void write_message(byte_buffer& out, const credit_message& credit) {
  write_head_of(out, message_kind::credit, 2);
  write_uint(out, credit.mid);
  write_uint(out, credit.bytes);
}

result<part_message> decode_part(const opened_message& message) {
  auto fields = fields_of(message);
  part_message part;
  part.mid = fields.uint();
  part.number = fields.uint();
  part.payload = read_payload(fields);
  if (!fields.finish() || part.number == 0) return error{errc::bad_message, "malformed part"};
  return part;
}

result<credit_message> decode_credit(const opened_message& message) {
  auto fields = fields_of(message);
  credit_message credit;
  credit.mid = fields.uint();
  credit.bytes = static_cast<std::uint32_t>(fields.uint(std::numeric_limits<std::uint32_t>::max()));
  if (!fields.finish() || credit.bytes == 0) return error{errc::bad_message, "malformed credit"};
  return credit;
}

}  // namespace askr::transport
