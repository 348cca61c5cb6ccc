// SPDX-License-Identifier: MIT
#include "transport/msgpack_reader.hpp"

#include "transport/unique_keys.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <memory_resource>
#include <tuple>
#include <vector>

namespace askr::transport {
namespace {

/// The number of `width` bytes at `at`, network order.
std::uint64_t load_be(const std::uint8_t* at, std::size_t width) noexcept {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < width; ++i) number = number << 8 | at[i];
  return number;
}

/// What the tags 0xc0 to 0xdf say about the rest of the head.
struct tag_rule {
  msgpack_type type;
  std::uint8_t width;  ///< Bytes of the number or length that follow.
  std::uint8_t fixed;  ///< The value where width is 0.
};

constexpr std::array<tag_rule, 32> tag_rules{{
    {msgpack_type::nil, 0, 0},               // c0
    {msgpack_type::none, 0, 0},              // c1: never used
    {msgpack_type::boolean, 0, 0},           // c2
    {msgpack_type::boolean, 0, 1},           // c3
    {msgpack_type::bin, 1, 0},               // c4
    {msgpack_type::bin, 2, 0},               // c5
    {msgpack_type::bin, 4, 0},               // c6
    {msgpack_type::ext, 1, 0},               // c7
    {msgpack_type::ext, 2, 0},               // c8
    {msgpack_type::ext, 4, 0},               // c9
    {msgpack_type::floating, 4, 0},          // ca
    {msgpack_type::floating, 8, 0},          // cb
    {msgpack_type::unsigned_integer, 1, 0},  // cc
    {msgpack_type::unsigned_integer, 2, 0},  // cd
    {msgpack_type::unsigned_integer, 4, 0},  // ce
    {msgpack_type::unsigned_integer, 8, 0},  // cf
    {msgpack_type::negative_integer, 1, 0},  // d0: signed, perhaps not negative
    {msgpack_type::negative_integer, 2, 0},  // d1
    {msgpack_type::negative_integer, 4, 0},  // d2
    {msgpack_type::negative_integer, 8, 0},  // d3
    {msgpack_type::ext, 0, 1},               // d4
    {msgpack_type::ext, 0, 2},               // d5
    {msgpack_type::ext, 0, 4},               // d6
    {msgpack_type::ext, 0, 8},               // d7
    {msgpack_type::ext, 0, 16},              // d8
    {msgpack_type::str, 1, 0},               // d9
    {msgpack_type::str, 2, 0},               // da
    {msgpack_type::str, 4, 0},               // db
    {msgpack_type::array, 2, 0},             // dc
    {msgpack_type::array, 4, 0},             // dd
    {msgpack_type::map, 2, 0},               // de
    {msgpack_type::map, 4, 0},               // df
}};

/// Sign-extends a signed integer; one that is not negative becomes an unsigned_integer, so that each number has one
/// form.
void settle_sign(msgpack_head& head, std::size_t width) noexcept {
  const auto shift = 64 - 8 * width;
  const auto number = static_cast<std::int64_t>(head.value << shift) >> shift;
  head.value = static_cast<std::uint64_t>(number);
  if (number >= 0) head.type = msgpack_type::unsigned_integer;
}

bool has_content(msgpack_type type) noexcept {
  return type == msgpack_type::str || type == msgpack_type::bin || type == msgpack_type::ext;
}

/// Elements that a container announces: a pair of a map is two.
std::uint64_t children(const msgpack_head& head) noexcept {
  if (head.type == msgpack_type::array) return head.value;
  return head.type == msgpack_type::map ? 2 * head.value : 0;
}

}  // namespace

msgpack_head detail::decode_tagged_head(byte_span bytes) noexcept {
  const auto& rule = tag_rules[bytes[0] - 0xc0];
  const bool is_ext = rule.type == msgpack_type::ext;
  const std::size_t head_bytes = 1u + rule.width + (is_ext ? 1u : 0u);
  if (bytes.size() < head_bytes) return {};
  msgpack_head head{rule.type, static_cast<std::uint8_t>(head_bytes), 0, rule.fixed};
  if (rule.width != 0) head.value = load_be(bytes.data() + 1, rule.width);
  if (is_ext) head.ext_type = static_cast<std::int8_t>(bytes[head_bytes - 1]);
  if (rule.type == msgpack_type::negative_integer) settle_sign(head, rule.width);
  if (rule.type == msgpack_type::floating && rule.width == 4) {
    const auto narrow = std::bit_cast<float>(static_cast<std::uint32_t>(head.value));
    head.value = std::bit_cast<std::uint64_t>(static_cast<double>(narrow));
  }
  return head;
}

// Without the table for the forms that senders choose; the others follow.
std::optional<std::uint64_t> msgpack_reader::read_uint_slow() noexcept {
  if (!rest_.empty() && rest_[0] >= 0xcc && rest_[0] <= 0xcf) {
    const std::size_t width = std::size_t{1} << (rest_[0] - 0xcc);
    if (rest_.size() < 1 + width) return std::nullopt;
    return load_be(take(1, width).data(), width);
  }
  const auto head = decode_head(rest_);
  if (head.type != msgpack_type::unsigned_integer) return std::nullopt;
  take(head.head_bytes, 0);
  return head.value;
}

std::optional<std::int64_t> msgpack_reader::read_int() noexcept {
  const auto head = decode_head(rest_);
  const auto number = static_cast<std::int64_t>(head.value);
  const bool fits = head.type == msgpack_type::unsigned_integer && number >= 0;
  if (!fits && head.type != msgpack_type::negative_integer) return std::nullopt;
  take(head.head_bytes, 0);
  return number;
}

std::optional<bool> msgpack_reader::read_bool() noexcept {
  const auto head = decode_head(rest_);
  if (head.type != msgpack_type::boolean) return std::nullopt;
  take(head.head_bytes, 0);
  return head.value != 0;
}

std::optional<double> msgpack_reader::read_double() noexcept {
  const auto head = decode_head(rest_);
  std::optional<double> number;
  if (head.type == msgpack_type::floating) number = std::bit_cast<double>(head.value);
  if (head.type == msgpack_type::unsigned_integer) number = static_cast<double>(head.value);
  if (head.type == msgpack_type::negative_integer) number = static_cast<double>(static_cast<std::int64_t>(head.value));
  if (number) take(head.head_bytes, 0);
  return number;
}

bool msgpack_reader::read_nil() noexcept {
  if (rest_.empty() || rest_[0] != 0xc0) return false;
  take(1, 0);
  return true;
}

std::optional<std::uint32_t> msgpack_reader::read_count_slow(msgpack_type type) noexcept {
  const auto head = decode_head(rest_);
  if (head.type != type) return std::nullopt;
  take(head.head_bytes, 0);
  return static_cast<std::uint32_t>(head.value);
}

std::optional<byte_span> msgpack_reader::read_content(msgpack_type type) noexcept {
  const auto head = decode_head(rest_);
  if (head.type != type || head.value > rest_.size() - head.head_bytes) return std::nullopt;
  return take(head.head_bytes, static_cast<std::size_t>(head.value));
}

std::optional<std::string_view> msgpack_reader::read_str_slow() noexcept {
  const auto content = read_content(msgpack_type::str);
  if (!content) return std::nullopt;
  return as_text(*content);
}

std::optional<byte_span> msgpack_reader::read_bin() noexcept {
  const bool is_short = rest_.size() >= 2 && rest_[0] == 0xc4;
  if (is_short && rest_[1] <= rest_.size() - 2) return take(2, rest_[1]);
  return read_content(msgpack_type::bin);
}

std::optional<msgpack_ext> msgpack_reader::read_ext() noexcept {
  const auto type = decode_head(rest_).ext_type;
  const auto content = read_content(msgpack_type::ext);
  if (!content) return std::nullopt;
  return msgpack_ext{type, *content};
}

byte_span msgpack_reader::read_object() noexcept {
  auto left = rest_;
  // Every element takes a byte at least, so a claim of more elements than bytes fails before it is believed.
  for (std::uint64_t wanted = 1; wanted > 0; --wanted) {
    const auto head = decode_head(left);
    if (head.type == msgpack_type::none) return {};
    left = left.subspan(head.head_bytes);
    if (has_content(head.type)) {
      if (head.value > left.size()) return {};
      left = left.subspan(static_cast<std::size_t>(head.value));
    }
    wanted += children(head);
    if (wanted - 1 > left.size()) return {};
  }
  return take(0, rest_.size() - left.size());
}

namespace {

/// A key as it is compared: str by content, integers by value.
struct map_key {
  msgpack_type type;
  std::uint64_t number;
  std::string_view text;

  auto order() const noexcept { return std::tie(type, number, text); }
  bool operator==(const map_key& other) const noexcept {
    return text.size() == other.text.size() && order() == other.order();
  }
  bool operator<(const map_key& other) const noexcept { return order() < other.order(); }
};

constexpr std::size_t depth_possible = 64;
constexpr std::size_t keys_on_stack = 128;

/// One walk over one object. Open containers are a fixed stack; the keys of all open maps are one growing list.
class checker {
 public:
  checker(byte_span bytes, const msgpack_limits& limits)
      : left_(bytes), limits_(limits), depth_max_(std::min(limits.depth_max, depth_possible)) {
    keys_.reserve(keys_on_stack);
  }

  result<void> run() {
    bool passed = element(decode_head(left_));
    while (passed && depth_ > 0) {
      auto& open = stack_[depth_ - 1];
      if (open.left == 0) {
        passed = close(open);
      } else {
        --open.left;
        const bool is_key = open.is_map && open.left % 2 == 1 && limits_.unique_keys;
        passed = is_key ? key(decode_head(left_)) : element(decode_head(left_));
      }
    }
    if (passed && !left_.empty()) passed = refuse(errc::bad_message, "bytes after the msgpack object");
    if (!passed) return error{code_, why_};
    return {};
  }

 private:
  struct container {
    std::uint64_t left;
    std::size_t keys_begin;
    bool is_map;
  };

  bool refuse(errc code, const char* why) noexcept {
    code_ = code;
    why_ = why;
    return false;
  }

  bool key(const msgpack_head& head) {
    if (head.type == msgpack_type::str && head.value <= left_.size() - head.head_bytes) {
      keys_.push_back({head.type, 0, as_text(left_.subspan(head.head_bytes, static_cast<std::size_t>(head.value)))});
    } else if (head.type == msgpack_type::unsigned_integer || head.type == msgpack_type::negative_integer) {
      keys_.push_back({head.type, head.value, {}});
    }
    return element(head);
  }

  bool element(const msgpack_head& head) {
    if (head.type == msgpack_type::none) return refuse(errc::bad_message, "msgpack is cut off or has an unknown tag");
    left_ = left_.subspan(head.head_bytes);
    if (head.type == msgpack_type::array || head.type == msgpack_type::map) return open(head);
    return !has_content(head.type) || content(head);
  }

  bool open(const msgpack_head& head) {
    const auto wanted = children(head);
    if (wanted > left_.size()) return refuse(errc::bad_message, "msgpack is cut off");
    elements_ += static_cast<std::size_t>(head.value);
    if (elements_ > limits_.elements_max) return refuse(errc::too_large, "too many elements");
    if (depth_ == depth_max_) return refuse(errc::too_large, "nested too deeply");
    stack_[depth_++] = {wanted, keys_.size(), head.type == msgpack_type::map};
    return true;
  }

  bool close(const container& done) {
    --depth_;
    if (keys_.size() == done.keys_begin) return true;
    const bool twins = has_twins(keys_.data() + done.keys_begin, keys_.data() + keys_.size());
    keys_.resize(done.keys_begin);
    if (twins) return refuse(errc::bad_message, "a key stands twice in a map");
    return true;
  }

  bool content(const msgpack_head& head) {
    if (head.value > left_.size()) return refuse(errc::bad_message, "msgpack is cut off");
    const auto bytes = left_.first(static_cast<std::size_t>(head.value));
    left_ = left_.subspan(bytes.size());
    if (head.type == msgpack_type::ext) return ext({head.ext_type, bytes});
    if (bytes.size() > limits_.content_bytes_max) return refuse(errc::too_large, "a string is too long");
    const bool checked = head.type != msgpack_type::str || !limits_.utf8 || is_utf8(bytes);
    return checked || refuse(errc::bad_message, "a string is not UTF-8");
  }

  bool ext(const msgpack_ext& found) {
    if (found.bytes.size() > limits_.ext_bytes_max) return refuse(errc::too_large, "an ext is too long");
    if (!limits_.timestamps_only || timestamp_ms(found)) return true;
    return refuse(errc::bad_message, "an ext that is not a timestamp");
  }

  byte_span left_;
  const msgpack_limits& limits_;
  std::size_t depth_max_;
  std::size_t depth_ = 0;
  std::size_t elements_ = 0;
  std::array<container, depth_possible> stack_;
  // The keys of ordinary messages fit on the stack; only maps of many keys go to the heap.
  alignas(map_key) std::array<std::byte, keys_on_stack * sizeof(map_key)> room_;
  std::pmr::monotonic_buffer_resource arena_{room_.data(), room_.size()};
  std::pmr::vector<map_key> keys_{&arena_};
  errc code_ = errc::bad_message;
  const char* why_ = "";
};

/// Length of the well-formed sequence at the start of `text` (at least 1 byte), or 0. Unicode 15, table 3-7.
std::size_t utf8_sequence(byte_span text) noexcept {
  const auto continues = [&](std::size_t at, std::uint8_t from, std::uint8_t to) {
    return at < text.size() && text[at] >= from && text[at] <= to;
  };
  const auto lead = text[0];
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return continues(1, 0x80, 0xbf) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    const std::uint8_t from = lead == 0xe0 ? 0xa0 : 0x80;
    const std::uint8_t to = lead == 0xed ? 0x9f : 0xbf;
    return continues(1, from, to) && continues(2, 0x80, 0xbf) ? 3 : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    const std::uint8_t from = lead == 0xf0 ? 0x90 : 0x80;
    const std::uint8_t to = lead == 0xf4 ? 0x8f : 0xbf;
    return continues(1, from, to) && continues(2, 0x80, 0xbf) && continues(3, 0x80, 0xbf) ? 4 : 0;
  }
  return 0;
}

}  // namespace

result<void> check_msgpack(byte_span bytes, const msgpack_limits& limits) { return checker(bytes, limits).run(); }

bool is_utf8(byte_span text) noexcept {
  while (text.size() >= sizeof(std::uint64_t)) {
    std::uint64_t word;
    std::memcpy(&word, text.data(), sizeof word);
    const auto length = (word & 0x8080808080808080) == 0 ? sizeof word : utf8_sequence(text);
    if (length == 0) return false;
    text = text.subspan(length);
  }
  while (!text.empty()) {
    const auto length = utf8_sequence(text);
    if (length == 0) return false;
    text = text.subspan(length);
  }
  return true;
}

std::optional<std::int64_t> timestamp_ms(const msgpack_ext& ext) noexcept {
  if (ext.type != -1) return std::nullopt;
  std::int64_t seconds = 0;
  std::uint64_t nanoseconds = 0;
  if (ext.bytes.size() == 4) {
    seconds = static_cast<std::int64_t>(load_be(ext.bytes.data(), 4));
  } else if (ext.bytes.size() == 8) {
    const auto both = load_be(ext.bytes.data(), 8);
    nanoseconds = both >> 34;
    seconds = static_cast<std::int64_t>(both & 0x3ffffffff);
  } else if (ext.bytes.size() == 12) {
    nanoseconds = load_be(ext.bytes.data(), 4);
    seconds = static_cast<std::int64_t>(load_be(ext.bytes.data() + 4, 8));
  } else {
    return std::nullopt;
  }
  constexpr auto seconds_max = std::numeric_limits<std::int64_t>::max() / 1000 - 1;
  if (nanoseconds >= 1'000'000'000 || seconds > seconds_max || seconds < -seconds_max) return std::nullopt;
  return seconds * 1000 + static_cast<std::int64_t>(nanoseconds / 1'000'000);
}

}  // namespace askr::transport
