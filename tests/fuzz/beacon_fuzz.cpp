// SPDX-License-Identifier: MIT
// The discovery datagram. The first byte says how the rest is used: as it came, or as the body of a datagram with a
// right MAC, since a member may be hostile too. What is decoded must come out of encode and decode again unchanged.
#include "transport/beacon_codec.hpp"

#include <askr/assert.hpp>

#include <algorithm>

namespace {

using namespace askr;
using namespace askr::transport;

const crypto::workspace_keys& keys() {
  static const auto made = crypto::workspace_keys::derive(byte_span(byte_buffer(32, 7)), "global");
  return made;
}

/// The input with the head that lets it pass as one of ours.
byte_buffer as_member(byte_span body) {
  byte_buffer datagram{0xc1, 'a', 's', 'k', 'b', 1};
  append(datagram, byte_span(keys().hash).first(8));
  append(datagram, body);
  append(datagram, keys().mac_of_beacon(datagram));
  return datagram;
}

void check(byte_span datagram) {
  const auto heard = decode_beacon(datagram, keys());
  if (!heard) return;
  ASKR_ASSERT(heard->port != 0);
  ASKR_ASSERT(heard->addresses.size() <= beacon_addresses_max);
  const auto again = decode_beacon(encode_beacon(*heard, keys()), keys());
  ASKR_ASSERT(again.ok());
  ASKR_ASSERT(again->id == heard->id && again->life == heard->life && again->counter == heard->counter);
  ASKR_ASSERT(again->port == heard->port && again->addresses == heard->addresses);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const byte_span rest(data + 1, size - 1);
  if (data[0] % 2 == 0) {
    check(rest);
  } else {
    check(as_member(rest));
  }
  return 0;
}
