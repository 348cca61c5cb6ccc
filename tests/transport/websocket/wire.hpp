// SPDX-License-Identifier: MIT
#pragma once

/// Frames written and read by hand, without the code under test, and an echo over the stream core that is fed in
/// pieces.

#include <askr/random.hpp>

#include "transport/websocket/stream.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace askr::websocket::test {

inline const time_point start = time_point(seconds(1000));
inline const entropy random_source;

enum class length_form { shortest, two_octets, eight_octets };

/// One frame as a client sends it. `first` holds FIN, the reserved bits and the opcode.
inline std::string frame(int first, std::string_view payload, bool masked = true,
                         length_form form = length_form::shortest) {
  const std::size_t size = payload.size();
  if (form == length_form::shortest && size > 125)
    form = size > 0xffff ? length_form::eight_octets : length_form::two_octets;
  std::string out(1, static_cast<char>(first));
  const int mask_bit = masked ? 0x80 : 0;
  const int octets = form == length_form::shortest ? 0 : form == length_form::two_octets ? 2 : 8;
  out += static_cast<char>(mask_bit | (octets == 0 ? static_cast<int>(size) : octets == 2 ? 126 : 127));
  for (int i = octets - 1; i >= 0; --i) out += static_cast<char>(static_cast<std::uint64_t>(size) >> (8 * i));
  if (!masked) return out.append(payload);
  constexpr std::string_view key = "\x37\xfa\x21\x3d";
  out += key;
  for (std::size_t i = 0; i < size; ++i) out += static_cast<char>(payload[i] ^ key[i % 4]);
  return out;
}

inline std::string text(std::string_view payload) { return frame(0x81, payload); }
inline std::string binary(std::string_view payload) { return frame(0x82, payload); }
inline std::string ping(std::string_view payload) { return frame(0x89, payload); }
inline std::string pong(std::string_view payload) { return frame(0x8a, payload); }

inline std::string close_body(int code, std::string_view reason = {}) {
  return std::string{static_cast<char>(code >> 8), static_cast<char>(code)}.append(reason);
}
inline std::string close_frame(int code, std::string_view reason = {}) { return frame(0x88, close_body(code, reason)); }

/// The header of a frame that declares a length and brings nothing of it.
inline std::string declare(int first, std::uint64_t size) {
  std::string out{static_cast<char>(first), static_cast<char>(0xff)};
  for (int i = 7; i >= 0; --i) out += static_cast<char>(size >> (8 * i));
  return out + "\x37\xfa\x21\x3d";
}

inline std::string name_of(int first) {
  switch (first) {
    case 0x81:
      return "text";
    case 0x82:
      return "binary";
    case 0xc1:
      return "deflated text";
    case 0xc2:
      return "deflated binary";
    case 0x88:
      return "close";
    case 0x89:
      return "ping";
    case 0x8a:
      return "pong";
    default:
      return "frame " + std::to_string(first);
  }
}

/// What a server wrote, as "text:hello", "pong:", "close:1002". Octets that do not make a frame come out as "rest:".
inline std::vector<std::string> read_frames(std::string_view octets) {
  std::vector<std::string> frames;
  while (octets.size() >= 2) {
    const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(octets[i]); };
    std::uint64_t size = at(1);
    const std::size_t extended = size == 127 ? 8 : size == 126 ? 2 : 0;
    if (octets.size() < 2 + extended) break;
    if (extended != 0) size = 0;
    for (std::size_t i = 0; i < extended; ++i) size = size << 8 | at(2 + i);
    if (octets.size() - 2 - extended < size) break;
    std::string payload(octets.substr(2 + extended, size));
    if (at(0) == 0x88 && size >= 2)
      payload = std::to_string(static_cast<std::uint8_t>(payload[0]) << 8 | static_cast<std::uint8_t>(payload[1]));
    frames.push_back(name_of(at(0)) + ":" + payload);
    octets.remove_prefix(2 + extended + size);
  }
  if (!octets.empty()) frames.push_back("rest:" + std::string(octets));
  return frames;
}

/// For comparing and printing: long frames are shortened, but their length shows.
inline std::string to_text(const std::vector<std::string>& frames) {
  std::string all;
  for (const std::string& each : frames)
    all += each.size() <= 160 ? each + " | " : each.substr(0, 160) + "... " + std::to_string(each.size()) + " | ";
  return all;
}

inline std::string take_output(stream& from) {
  std::string taken;
  while (from.output_bytes() != 0) {
    const byte_span next = from.output();
    taken += as_text(next);
    from.consume(next.size());
  }
  return taken;
}

/// Feeds octets in pieces of `cut` (0: all at once), echoes every message, and returns what was written.
inline std::string echo(stream& under_test, std::string_view octets, std::size_t cut = 0, time_point now = start) {
  std::string written;
  if (cut == 0) cut = std::max<std::size_t>(1, octets.size());
  for (std::size_t at = 0; at < octets.size(); at += cut) {
    byte_buffer piece;
    append(piece, as_bytes(octets.substr(at, cut)));
    under_test.on_bytes(now, piece);
    while (const auto message = under_test.next())
      message->text ? under_test.send_text(message->data) : under_test.send_binary(message->data);
    std::fill(piece.begin(), piece.end(), std::uint8_t{0xdd});  // The buffer belongs to somebody else now.
    written += take_output(under_test);
  }
  return written;
}

inline stream make_server(const stream_options& options = {}) {
  return stream(role::server, options, random_source, start);
}

}  // namespace askr::websocket::test
