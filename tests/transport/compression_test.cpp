// SPDX-License-Identifier: MIT
#include "transport/compression.hpp"

#include <askr/random.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

namespace {

using namespace askr;
using namespace askr::transport;

constexpr std::size_t content_bytes_max = 16 << 20;

byte_buffer json_like(std::size_t bytes) {
  std::string text;
  for (int i = 0; text.size() < bytes; ++i) text += R"({"sensor":"kitchen","value":)" + std::to_string(i * 7) + "},";
  text.resize(bytes);
  return {text.begin(), text.end()};
}

byte_buffer random_bytes(std::size_t bytes, std::uint64_t seed = 1) {
  rng random(seed);
  byte_buffer out(bytes);
  for (auto& byte : out) byte = static_cast<std::uint8_t>(random.next());
  return out;
}

byte_buffer copy(byte_span bytes) { return {bytes.begin(), bytes.end()}; }

// A frame by hand: raw blocks of up to 128 KiB, so every header can be made. RFC 8878, section 3.1.1.
struct hand_made_frame {
  std::uint8_t descriptor;
  byte_buffer header;
  byte_buffer content;

  byte_buffer bytes() const {
    byte_buffer out = {0x28, 0xb5, 0x2f, 0xfd};
    out.push_back(descriptor);
    append(out, header);
    const auto block = static_cast<std::uint32_t>(content.size()) << 3 | 1;  // Last block, raw.
    for (int shift = 0; shift < 24; shift += 8) out.push_back(static_cast<std::uint8_t>(block >> shift));
    append(out, content);
    return out;
  }
};

errc code_of(byte_span frame, std::size_t bytes_max = content_bytes_max) {
  decompressor d;
  const auto got = d.decompress(frame, bytes_max);
  BOOST_REQUIRE(!got.ok());
  return got.code();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(compression)

BOOST_AUTO_TEST_CASE(what_was_compressed_comes_back) {
  compressor c;
  decompressor d;
  for (const std::size_t bytes : {256u, 1'000u, 16'384u, 300'000u, 5'000'000u, 700u}) {
    const auto payload = json_like(bytes);
    const auto frame = c.compress(payload);
    BOOST_REQUIRE(frame.has_value());
    BOOST_TEST(frame->size() <= payload.size() - payload.size() / 8);
    const auto plain = d.decompress(*frame, bytes);
    BOOST_REQUIRE(plain.ok());
    BOOST_TEST((copy(*plain) == payload));
  }
}

BOOST_AUTO_TEST_CASE(random_bytes_are_not_even_tried) {
  for (const std::size_t bytes : {256u, 1'024u, 4'096u, 65'536u}) {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) BOOST_TEST(!looks_compressible(random_bytes(bytes, seed)));
    BOOST_TEST(looks_compressible(json_like(bytes)));
  }
  BOOST_TEST(!looks_compressible({}));
}

BOOST_AUTO_TEST_CASE(a_frame_that_saves_too_little_is_not_used) {
  auto payload = random_bytes(8'192);
  std::fill(payload.begin(), payload.begin() + 700, 0);  // Saves less than an eighth.
  compressor c;
  BOOST_TEST(!c.compress(payload).has_value());
}

BOOST_AUTO_TEST_CASE(the_size_is_refused_before_it_is_allocated) {
  compressor c;
  const byte_buffer zeros(64 << 20, 0);
  const auto bomb = copy(c.compress(zeros).value());
  BOOST_TEST(bomb.size() < 16'384u);
  BOOST_TEST((code_of(bomb) == errc::too_large));
  // Says that it holds 2^62 bytes.
  const hand_made_frame huge{0xe0, {0, 0, 0, 0, 0, 0, 0, 0x40}, {}};
  BOOST_TEST((code_of(huge.bytes()) == errc::too_large));
}

BOOST_AUTO_TEST_CASE(a_well_formed_frame_by_hand_is_taken) {
  decompressor d;
  const hand_made_frame frame{0x20, {3}, {'a', 'b', 'c'}};
  const auto got = d.decompress(frame.bytes(), 3);
  BOOST_REQUIRE(got.ok());
  BOOST_TEST(as_text(*got) == "abc");
  // Two-byte sizes count from 256; window descriptor 0x38 = 2^17.
  const hand_made_frame windowed{0x40, {0x38, 1, 0}, json_like(257)};
  BOOST_TEST(d.decompress(windowed.bytes(), 257).ok());
  const hand_made_frame largest{0x40, {0x50, 1, 0}, json_like(257)};  // 2^20, and not an eighth more.
  BOOST_TEST(d.decompress(largest.bytes(), 257).ok());
}

BOOST_AUTO_TEST_CASE(frames_with_what_we_do_not_take_are_refused) {
  const byte_buffer abc = {'a', 'b', 'c'};
  const struct {
    const char* what;
    hand_made_frame frame;
  } table[] = {
      {"no content size", {0x00, {0x38}, abc}},
      {"wrong size, too small", {0x20, {2}, abc}},
      {"wrong size, too large", {0x20, {4}, abc}},
      {"dictionary id", {0x21, {1, 3}, abc}},
      {"reserved bit", {0x28, {3}, abc}},
      {"window of 2^21", {0x40, {0x58, 1, 0}, json_like(257)}},
      {"window of 2^20 and an eighth", {0x40, {0x51, 1, 0}, json_like(257)}},
      {"window of 2^41", {0x40, {0xff, 1, 0}, json_like(257)}},
  };
  for (const auto& row : table) {
    BOOST_TEST_CONTEXT(row.what) { BOOST_TEST((code_of(row.frame.bytes()) == errc::bad_payload)); }
  }
}

BOOST_AUTO_TEST_CASE(anything_but_exactly_one_frame_is_refused) {
  const auto one = hand_made_frame{0x20, {3}, {'a', 'b', 'c'}}.bytes();
  auto two = one;
  append(two, one);
  BOOST_TEST((code_of(two) == errc::bad_payload));
  auto padded = one;
  padded.push_back(0);
  BOOST_TEST((code_of(padded) == errc::bad_payload));
  byte_buffer skippable = {0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 0};
  BOOST_TEST((code_of(skippable) == errc::bad_payload));
  append(skippable, one);
  BOOST_TEST((code_of(skippable) == errc::bad_payload));
  auto followed = one;
  append(followed, byte_buffer{0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0});
  BOOST_TEST((code_of(followed) == errc::bad_payload));
}

BOOST_AUTO_TEST_CASE(every_cut_of_a_frame_is_refused) {
  compressor c;
  const auto frame = copy(c.compress(json_like(2'000)).value());
  for (std::size_t bytes = 0; bytes < frame.size(); ++bytes) {
    BOOST_TEST((code_of(byte_span(frame).first(bytes)) == errc::bad_payload));
  }
}

BOOST_AUTO_TEST_CASE(a_decompressor_works_on_after_a_broken_frame) {
  compressor c;
  const auto payload = json_like(2'000);
  auto frame = copy(c.compress(payload).value());
  decompressor d;
  rng random(7);
  for (int i = 0; i < 500; ++i) {
    auto broken = frame;
    broken[random.below(broken.size())] ^= static_cast<std::uint8_t>(1 + random.below(255));
    (void)d.decompress(broken, content_bytes_max);
  }
  BOOST_TEST((copy(d.decompress(frame, content_bytes_max).value()) == payload));
}

BOOST_AUTO_TEST_SUITE_END()
