// SPDX-License-Identifier: MIT
#include "transport/beacon_codec.hpp"

#include "crypto/primitives.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

namespace askr::transport {
namespace {

constexpr std::array<std::uint8_t, 5> magic{0xc1, 'a', 's', 'k', 'b'};
constexpr std::uint8_t beacon_version = 1;
constexpr std::size_t workspace_tag_bytes = 8;
constexpr std::size_t mac_bytes = sizeof(crypto::beacon_mac);
constexpr std::size_t fixed_bytes = magic.size() + 1 + workspace_tag_bytes + node_id::size + 8 + 8 + 8 + 2 + 1;
constexpr std::uint8_t ipv4 = 4;
constexpr std::uint8_t ipv6 = 6;

void append_integer(byte_buffer& out, std::uint64_t value, std::size_t bytes) {
  for (auto shift = 8 * bytes; shift > 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(value >> (shift - 8)));
}

/// Reads from a span that was checked to be long enough.
class cursor {
 public:
  explicit cursor(byte_span bytes) : rest_(bytes) {}
  byte_span take(std::size_t bytes) {
    const auto taken = rest_.first(bytes);
    rest_ = rest_.subspan(bytes);
    return taken;
  }
  std::uint64_t integer(std::size_t bytes) {
    std::uint64_t value = 0;
    for (const auto byte : take(bytes)) value = value << 8 | byte;
    return value;
  }
  std::size_t left() const { return rest_.size(); }

 private:
  byte_span rest_;
};

bool append_address(byte_buffer& out, const std::string& address) {
  std::array<std::uint8_t, 16> raw{};
  const auto v4 = inet_pton(AF_INET, address.c_str(), raw.data()) == 1;
  if (!v4 && inet_pton(AF_INET6, address.c_str(), raw.data()) != 1) return false;
  out.push_back(v4 ? ipv4 : ipv6);
  append(out, byte_span(raw).first(v4 ? 4 : 16));
  return true;
}

result<std::vector<std::string>> read_addresses(cursor& from, std::size_t count) {
  std::vector<std::string> addresses;
  for (std::size_t i = 0; i < count; ++i) {
    if (from.left() < 1) return errc::bad_message;
    const auto family = from.integer(1);
    const std::size_t size = family == ipv4 ? 4 : 16;
    if ((family != ipv4 && family != ipv6) || from.left() < size) return errc::bad_message;
    std::array<char, INET6_ADDRSTRLEN> text{};
    inet_ntop(family == ipv4 ? AF_INET : AF_INET6, from.take(size).data(), text.data(), text.size());
    addresses.emplace_back(text.data());
  }
  return addresses;
}

}  // namespace

byte_buffer encode_beacon(const beacon& what, const crypto::workspace_keys& keys) {
  byte_buffer out;
  append(out, magic);
  out.push_back(beacon_version);
  append(out, byte_span(keys.hash).first(workspace_tag_bytes));
  append(out, what.id.bytes);
  append_integer(out, what.life, 8);
  append_integer(out, what.counter, 8);
  append_integer(out, what.sent, 8);
  append_integer(out, what.port, 2);
  const auto count_at = out.size();
  out.push_back(0);
  for (const auto& address : what.addresses) {
    if (out[count_at] == beacon_addresses_max) break;
    if (append_address(out, address)) ++out[count_at];
  }
  append(out, keys.mac_of_beacon(out));
  return out;
}

result<beacon> decode_beacon(byte_span datagram, const crypto::workspace_keys& keys) {
  if (datagram.size() < fixed_bytes + mac_bytes || datagram.size() > beacon_bytes_max) return errc::bad_message;
  const auto body = datagram.first(datagram.size() - mac_bytes);
  cursor from(body);
  const auto shown_magic = from.take(magic.size());
  if (!std::equal(magic.begin(), magic.end(), shown_magic.begin())) return errc::bad_message;
  if (from.integer(1) != beacon_version) return errc::unsupported;
  const auto tag = from.take(workspace_tag_bytes);
  if (!std::equal(tag.begin(), tag.end(), keys.hash.begin())) return errc::wrong_workspace;
  if (!crypto::equal_in_constant_time(keys.mac_of_beacon(body), datagram.last(mac_bytes))) return errc::unauthenticated;
  beacon heard;
  heard.id = *node_id::from_bytes(from.take(node_id::size));
  heard.life = from.integer(8);
  heard.counter = from.integer(8);
  heard.sent = from.integer(8);
  heard.port = static_cast<std::uint16_t>(from.integer(2));
  const auto count = from.integer(1);
  if (count > beacon_addresses_max || heard.port == 0) return errc::bad_message;
  auto addresses = read_addresses(from, count);
  if (!addresses || from.left() != 0) return errc::bad_message;
  heard.addresses = std::move(addresses).value();
  return heard;
}

}  // namespace askr::transport
