// SPDX-License-Identifier: MIT
#include "transport/routed_codec.hpp"

#include "transport/wire_fields.hpp"

#include <limits>

namespace askr::transport {
namespace {

constexpr std::size_t sealed_bytes_min = 40;

std::uint8_t read_byte(field_reader& fields) {
  return static_cast<std::uint8_t>(fields.uint(std::numeric_limits<std::uint8_t>::max()));
}

}  // namespace

void write_message(byte_buffer& out, const routed_message& message) {
  write_head_of(out, message_kind::routed, 7);
  write_bin(out, message.source.span());
  write_uint(out, message.source_life);
  write_bin(out, message.target.span());
  write_uint(out, message.target_life);
  write_uint(out, message.session);
  write_uint(out, message.hops_left);
  write_bin(out, message.sealed);
}

void write_message(byte_buffer& out, const route_broken_message& message) {
  write_head_of(out, message_kind::route_broken, 7);
  write_bin(out, message.to.span());
  write_bin(out, message.about.span());
  write_uint(out, message.session);
  write_uint(out, message.hops_left);
  write_uint(out, static_cast<std::uint16_t>(message.code));
  write_bin(out, message.relay.span());
  write_str(out, message.text);
}

result<routed_message> decode_routed(const opened_message& message) {
  auto fields = fields_of(message);
  routed_message routed;
  routed.source = read_id(fields);
  routed.source_life = fields.uint();
  routed.target = read_id(fields);
  routed.target_life = fields.uint();
  routed.session = fields.uint();
  routed.hops_left = read_byte(fields);
  routed.sealed = fields.bin();
  if (!fields.finish() || routed.sealed.size() < sealed_bytes_min || routed.source == routed.target) {
    return error{errc::bad_message, "malformed routed message"};
  }
  return routed;
}

result<route_broken_message> decode_route_broken(const opened_message& message) {
  auto fields = fields_of(message);
  route_broken_message broken;
  broken.to = read_id(fields);
  broken.about = read_id(fields);
  broken.session = fields.uint();
  broken.hops_left = read_byte(fields);
  broken.code = static_cast<errc>(fields.uint(std::numeric_limits<std::uint16_t>::max()));
  broken.relay = read_id(fields);
  broken.text = fields.text(text_bytes_max);
  if (!fields.finish()) return error{errc::bad_message, "malformed route broken"};
  return broken;
}

}  // namespace askr::transport
