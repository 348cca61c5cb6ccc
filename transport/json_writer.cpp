// SPDX-License-Identifier: MIT
#include "transport/json_writer.hpp"

#include "transport/msgpack_reader.hpp"
#include "transport/msgpack_writer.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>

namespace askr::transport {
namespace {

constexpr std::size_t depth_possible = 64;

/// The letter behind the backslash, 'u' for the long form, 0 for characters that stand for themselves.
constexpr std::array<char, 256> escapes = [] {
  std::array<char, 256> table{};
  for (std::size_t c = 0; c < 0x20; ++c) table[c] = 'u';
  table['\b'] = 'b';
  table['\t'] = 't';
  table['\n'] = 'n';
  table['\f'] = 'f';
  table['\r'] = 'r';
  table['"'] = '"';
  table['\\'] = '\\';
  return table;
}();

template <class Number>
void write_digits(byte_buffer& out, Number number) {
  std::array<char, 32> digits;
  const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  write_raw(out, std::string_view(digits.data(), written.ptr));
}

void write_escape(byte_buffer& out, std::uint8_t c) {
  constexpr std::string_view hex = "0123456789abcdef";
  const char letter = escapes[c];
  if (letter != 'u') {
    const std::array<char, 2> both{'\\', letter};
    return write_raw(out, std::string_view(both.data(), both.size()));
  }
  const std::array<char, 6> all{'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
  write_raw(out, std::string_view(all.data(), all.size()));
}

/// How many bytes at the front stand for themselves; eight at a time, as most do.
/// Source: S. E. Anderson, Bit Twiddling Hacks, "Determine if a word has a byte less than n".
std::size_t plain_length(std::string_view text) noexcept {
  constexpr std::uint64_t ones = 0x0101010101010101;
  constexpr std::uint64_t highs = 0x80 * ones;
  std::size_t at = 0;
  for (; text.size() - at >= sizeof(std::uint64_t); at += sizeof(std::uint64_t)) {
    std::uint64_t word;
    std::memcpy(&word, text.data() + at, sizeof word);
    const auto quotes = word ^ (ones * '"');
    const auto backslashes = word ^ (ones * '\\');
    const auto below = [](std::uint64_t bytes, std::uint64_t limit) { return (bytes - ones * limit) & ~bytes; };
    if (((below(word, 0x20) | below(quotes, 1) | below(backslashes, 1)) & highs) != 0) break;
  }
  while (at < text.size() && escapes[static_cast<std::uint8_t>(text[at])] == 0) ++at;
  return at;
}

}  // namespace

void write_json_string(byte_buffer& out, std::string_view text) {
  auto plain = plain_length(text);
  *grow(out, 1) = '"';
  while (plain < text.size()) {
    write_raw(out, text.substr(0, plain));
    write_escape(out, static_cast<std::uint8_t>(text[plain]));
    text.remove_prefix(plain + 1);
    plain = plain_length(text);
  }
  auto* const at = grow(out, text.size() + 1);
  if (!text.empty()) std::memcpy(at, text.data(), text.size());
  at[text.size()] = '"';
}

void write_json_int(byte_buffer& out, std::int64_t number) { write_digits(out, number); }
void write_json_uint(byte_buffer& out, std::uint64_t number) { write_digits(out, number); }

void write_json_double(byte_buffer& out, double number) {
  if (!std::isfinite(number)) return write_raw(out, "null");
  const auto before = out.size();
  write_digits(out, number);
  const auto written = as_text(byte_span(out).subspan(before));
  if (written.find_first_of(".e") == std::string_view::npos) write_raw(out, ".0");
}

void write_json_base64(byte_buffer& out, byte_span bytes) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const auto length = (bytes.size() + 2) / 3 * 4;
  auto* at = grow(out, length + 2);
  *at++ = '"';
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto present = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = static_cast<std::uint32_t>(bytes[i]) << 16;
    if (present > 1) group |= static_cast<std::uint32_t>(bytes[i + 1]) << 8;
    if (present > 2) group |= bytes[i + 2];
    for (std::size_t k = 0; k < 4; ++k) {
      *at++ = k <= present ? static_cast<std::uint8_t>(alphabet[group >> (18 - 6 * k) & 63]) : '=';
    }
  }
  *at = '"';
}

namespace {

/// One walk over one object; the open containers are a fixed stack.
class json_printer {
 public:
  json_printer(byte_span msgpack, byte_buffer& out, std::size_t depth_max)
      : left_(msgpack), out_(out), depth_max_(std::min(depth_max, depth_possible)) {}

  result<void> run() {
    bool printed = element();
    while (printed && depth_ > 0) printed = next(stack_[depth_ - 1]);
    if (printed && !left_.empty()) printed = refuse(errc::bad_payload, "bytes after the msgpack object");
    if (!printed) return error{code_, why_};
    return {};
  }

 private:
  struct container {
    std::uint64_t left = 0;  ///< Elements, or pairs.
    bool is_map = false;
    bool first = true;
  };

  bool refuse(errc code, const char* why) noexcept {
    code_ = code;
    why_ = why;
    return false;
  }

  bool next(container& open) {
    if (open.left == 0) {
      --depth_;
      write_raw(out_, open.is_map ? "}" : "]");
      return true;
    }
    --open.left;
    if (!open.first) write_raw(out_, ",");
    open.first = false;
    return (!open.is_map || key()) && element();
  }

  bool key() {
    if (decode_head(left_).type != msgpack_type::str) return refuse(errc::bad_payload, "a map's key is not a string");
    if (!element()) return false;
    write_raw(out_, ":");
    return true;
  }

  bool element() {
    const auto head = decode_head(left_);
    if (head.type == msgpack_type::none) return refuse(errc::bad_payload, "msgpack is cut off or has an unknown tag");
    left_ = left_.subspan(head.head_bytes);
    switch (head.type) {
      case msgpack_type::array:
      case msgpack_type::map:
        return open(head);
      case msgpack_type::str:
      case msgpack_type::bin:
      case msgpack_type::ext:
        return content(head);
      default:
        return scalar(head);
    }
  }

  bool scalar(const msgpack_head& head) {
    switch (head.type) {
      case msgpack_type::boolean:
        write_raw(out_, head.value != 0 ? "true" : "false");
        break;
      case msgpack_type::unsigned_integer:
        write_json_uint(out_, head.value);
        break;
      case msgpack_type::negative_integer:
        write_json_int(out_, static_cast<std::int64_t>(head.value));
        break;
      case msgpack_type::floating:
        write_json_double(out_, std::bit_cast<double>(head.value));
        break;
      default:
        write_raw(out_, "null");
    }
    return true;
  }

  bool open(const msgpack_head& head) {
    const bool is_map = head.type == msgpack_type::map;
    if ((is_map ? 2 : 1) * head.value > left_.size()) return refuse(errc::bad_payload, "msgpack is cut off");
    if (depth_ == depth_max_) return refuse(errc::too_large, "nested too deeply");
    stack_[depth_++] = {head.value, is_map, true};
    write_raw(out_, is_map ? "{" : "[");
    return true;
  }

  bool content(const msgpack_head& head) {
    if (head.value > left_.size()) return refuse(errc::bad_payload, "msgpack is cut off");
    const auto bytes = left_.first(static_cast<std::size_t>(head.value));
    left_ = left_.subspan(bytes.size());
    if (head.type == msgpack_type::bin) {
      write_json_base64(out_, bytes);
    } else if (head.type == msgpack_type::str) {
      if (!is_utf8(bytes)) return refuse(errc::bad_payload, "a string is not UTF-8");
      write_json_string(out_, as_text(bytes));
    } else {
      const auto milliseconds = timestamp_ms({head.ext_type, bytes});
      if (!milliseconds) return refuse(errc::bad_payload, "an ext that is not a timestamp");
      write_json_int(out_, *milliseconds);
    }
    return true;
  }

  byte_span left_;
  byte_buffer& out_;
  std::size_t depth_max_;
  std::size_t depth_ = 0;
  std::array<container, depth_possible> stack_;
  errc code_ = errc::bad_payload;
  const char* why_ = "";
};

}  // namespace

result<void> msgpack_to_json(byte_span msgpack, byte_buffer& out, std::size_t depth_max) {
  if (msgpack.empty()) {
    write_raw(out, "null");
    return {};
  }
  const auto before = out.size();
  auto printed = json_printer(msgpack, out, depth_max).run();
  if (!printed) out.resize(before);
  return printed;
}

}  // namespace askr::transport
