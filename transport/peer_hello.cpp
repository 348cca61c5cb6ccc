// SPDX-License-Identifier: MIT
#include "transport/peer_hello.hpp"

#include "transport/msgpack_reader.hpp"
#include "transport/msgpack_writer.hpp"

#include <algorithm>
#include <limits>
#include <string_view>

namespace askr::transport {
namespace {

constexpr std::size_t fields_count = 6;

// The name of a stranger ends up in logs and on terminals, so it may not steer them: no C0, DEL or C1 controls.
bool is_printable(std::string_view name) {
  if (!is_utf8(as_bytes(name))) return false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const auto byte = static_cast<std::uint8_t>(name[i]);
    if (byte < 0x20 || byte == 0x7f) return false;
    if (byte == 0xc2 && static_cast<std::uint8_t>(name[i + 1]) < 0xa0) return false;
  }
  return true;
}

}  // namespace

result<void> validate(const peer_hello& hello) {
  if (hello.name.size() > peer_name_bytes_max) return error{errc::bad_options, "a node's name has at most 64 bytes"};
  if (!is_printable(hello.name)) {
    return error{errc::bad_options, "a node's name is UTF-8 without control characters"};
  }
  if (hello.credential.size() > peer_credential_bytes_max) {
    return error{errc::bad_options, "a credential has at most 256 bytes"};
  }
  return {};
}

byte_buffer encode(const peer_hello& hello) {
  byte_buffer out;
  out.reserve(peer_hello_bytes_max);
  write_array_header(out, fields_count);
  write_bin(out, hello.sign_key);
  write_uint(out, hello.incarnation);
  write_str(out, hello.name);
  write_uint(out, hello.features);
  write_uint(out, hello.wire_minor);
  write_bin(out, hello.credential);
  return out;
}

result<peer_hello> decode_peer_hello(byte_span bytes) {
  const error malformed{errc::bad_message, "the peer's hello is malformed"};
  msgpack_reader fields(bytes);
  const auto count = fields.read_array_header();
  const auto sign_key = fields.read_bin();
  const auto life = fields.read_uint();
  const auto name = fields.read_str();
  const auto features = fields.read_uint();
  const auto wire_minor = fields.read_uint();
  const auto credential = fields.read_bin();
  if (!count || !sign_key || !life || !name || !features || !wire_minor || !credential) return malformed;
  if (*count < fields_count || (*count == fields_count && !fields.at_end())) return malformed;

  peer_hello hello;
  if (sign_key->size() != hello.sign_key.size() || name->size() > peer_name_bytes_max || !is_printable(*name) ||
      *wire_minor > std::numeric_limits<std::uint32_t>::max() || credential->size() > peer_credential_bytes_max) {
    return malformed;
  }
  std::copy(sign_key->begin(), sign_key->end(), hello.sign_key.begin());
  hello.incarnation = *life;
  hello.name = *name;
  hello.features = *features;
  hello.wire_minor = static_cast<std::uint32_t>(*wire_minor);
  hello.credential.assign(credential->begin(), credential->end());
  return hello;
}

}  // namespace askr::transport
