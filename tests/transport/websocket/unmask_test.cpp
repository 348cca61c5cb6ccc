// SPDX-License-Identifier: MIT
#include "transport/websocket/unmask.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(websocket_unmask)

BOOST_AUTO_TEST_CASE(every_length_offset_and_phase_agrees_with_the_definition) {
  using namespace askr;
  const websocket::mask_key key{0x37, 0xfa, 0x21, 0x3d};
  for (std::size_t size = 0; size < 200; ++size) {
    for (std::size_t offset = 0; offset < 17; ++offset) {
      const std::size_t phase = (size + offset) % 8;
      byte_buffer octets(offset + size + 3, 0x5a);
      websocket::unmask(mutable_byte_span(octets).subspan(offset, size), key, phase);
      bool right = true;
      for (std::size_t i = 0; i < octets.size(); ++i) {
        const bool inside = i >= offset && i < offset + size;
        right &= octets[i] == (inside ? 0x5a ^ key[(i - offset + phase) % 4] : 0x5a);
      }
      BOOST_TEST(right, "size " << size << " offset " << offset);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
