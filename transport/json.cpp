// SPDX-License-Identifier: MIT
#include "transport/json.hpp"

#include "transport/msgpack_writer.hpp"
#include "transport/unique_keys.hpp"

#include <simdjson.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <string_view>
#include <vector>

namespace askr::transport {
namespace {

namespace dom = simdjson::dom;

constexpr std::size_t depth_possible = 64;
constexpr std::size_t capacity_min = 4096;
/// simdjson holds about 14 bytes per byte of the longest text it has seen. A parser grown above this is replaced ...
constexpr std::size_t capacity_kept_max = 64 << 10;
/// ... after so many texts in a row that did not need it.
constexpr std::size_t small_texts_before_shrinking = 256;

bool is_number_char(std::uint8_t c) noexcept {
  return (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '+' || c == 'e' || c == 'E';
}

/// Looks at every number outside strings.
bool scan_for_long_number(byte_span text, std::size_t chars_max) noexcept {
  bool in_string = false;
  std::size_t run = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (in_string) {
      if (text[i] == '\\')
        ++i;
      else if (text[i] == '"')
        in_string = false;
    } else if (is_number_char(text[i])) {
      if (++run > chars_max) return true;
    } else {
      run = 0;
      in_string = text[i] == '"';
    }
  }
  return false;
}

/// A run of n + 1 characters covers one of every n + 1 positions: so a look at few bytes clears most texts.
bool has_long_number(byte_span text, std::size_t chars_max) noexcept {
  for (std::size_t at = chars_max; at < text.size(); at += chars_max + 1) {
    if (!is_number_char(text[at])) continue;
    auto begin = at;
    auto end = at + 1;
    while (begin > 0 && is_number_char(text[begin - 1])) --begin;
    while (end < text.size() && is_number_char(text[end])) ++end;
    if (end - begin > chars_max) return scan_for_long_number(text, chars_max);
    at = std::max(at, end - 1);
  }
  return false;
}

bool is_structure(std::uint8_t c) noexcept {
  return c == ',' || c == ':' || c == '[' || c == ']' || c == '{' || c == '}';
}
bool is_blank(std::uint8_t c) noexcept { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

/// What simdjson would make room for, outside strings.
struct structure {
  std::size_t commas = 0, openings = 0, tokens = 0;
};

structure scan_structure(byte_span text) noexcept {
  structure found;
  bool in_string = false, in_scalar = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = text[i];
    if (in_string) {
      i += c == '\\' ? 1 : 0;
      in_string = c != '"';
      continue;
    }
    found.commas += c == ',' ? 1 : 0;
    found.openings += c == '[' || c == '{' ? 1 : 0;
    const bool scalar = !is_structure(c) && !is_blank(c);
    found.tokens += is_structure(c) || (scalar && !in_scalar) ? 1 : 0;
    in_string = c == '"';
    in_scalar = scalar && !in_string;
  }
  return found;
}

/// simdjson takes 14 bytes for a byte of text before it says that there is too much of it, so what cannot be within the
/// limits is refused by a look at it: n elements have n commas, n + 1 opening and 6 n tokens at most.
bool holds_too_much(byte_span text, std::size_t elements_max) {
  const auto count = [&](char c) { return static_cast<std::size_t>(std::ranges::count(as_text(text), c)); };
  if (text.size() <= elements_max) return false;
  if (text.size() <= 6 * elements_max && count(',') < elements_max && count('[') + count('{') <= elements_max)
    return false;
  const auto found = scan_structure(text);
  return found.commas > elements_max || found.openings > elements_max + 1 || found.tokens > 6 * elements_max + 2;
}

/// Walks a parsed document and writes it. Recursion is bounded by depth_max.
class tape_walker {
 public:
  tape_walker(byte_buffer& out, std::vector<std::string_view>& keys, const json_limits& limits)
      : out_(out), keys_(keys), limits_(limits), depth_max_(std::min(limits.depth_max, depth_possible)) {}

  bool write(dom::element element, std::size_t depth) {
    switch (element.type()) {
      case dom::element_type::OBJECT:
        return object(element.get_object().value_unsafe(), depth + 1);
      case dom::element_type::ARRAY:
        return array(element.get_array().value_unsafe(), depth + 1);
      case dom::element_type::STRING:
        write_str(out_, element.get_string().value_unsafe());
        return true;
      case dom::element_type::INT64:
        write_int(out_, element.get_int64().value_unsafe());
        return true;
      case dom::element_type::UINT64:
        write_uint(out_, element.get_uint64().value_unsafe());
        return true;
      case dom::element_type::DOUBLE:
        write_double(out_, element.get_double().value_unsafe());
        return true;
      case dom::element_type::BOOL:
        write_bool(out_, element.get_bool().value_unsafe());
        return true;
      case dom::element_type::NULL_VALUE:
        write_nil(out_);
        return true;
    }
    return refuse(errc::bad_message, "not JSON");
  }

  error why() const { return {code_, why_}; }

 private:
  bool refuse(errc code, const char* why) noexcept {
    code_ = code;
    why_ = why;
    return false;
  }

  /// simdjson's counts saturate at 2^24 - 1, so the limit, which lies below, sees the truth or something above itself.
  bool enter(std::size_t count, std::size_t depth) {
    elements_ += count;
    if (depth > depth_max_) return refuse(errc::too_large, "nested too deeply");
    if (count >= 0xffffff || elements_ > limits_.elements_max) return refuse(errc::too_large, "too many elements");
    return true;
  }

  bool array(dom::array array, std::size_t depth) {
    const auto count = array.size();
    if (!enter(count, depth)) return false;
    write_array_header(out_, count);
    for (const auto element : array) {
      if (!write(element, depth)) return false;
    }
    return true;
  }

  bool object(dom::object object, std::size_t depth) {
    const auto count = object.size();
    if (!enter(count, depth)) return false;
    write_map_header(out_, count);
    const auto keys_begin = keys_.size();
    for (const auto field : object) keys_.push_back(field.key);
    const bool twins = has_twins(keys_.data() + keys_begin, keys_.data() + keys_.size());
    keys_.resize(keys_begin);
    if (twins) return refuse(errc::bad_message, "a key stands twice in an object");
    for (const auto field : object) {
      write_str(out_, field.key);
      if (!write(field.value, depth)) return false;
    }
    return true;
  }

  byte_buffer& out_;
  std::vector<std::string_view>& keys_;
  const json_limits& limits_;
  std::size_t depth_max_;
  std::size_t elements_ = 0;
  errc code_ = errc::bad_message;
  const char* why_ = "";
};

error parse_error(simdjson::error_code code) {
  if (code == simdjson::DEPTH_ERROR) return {errc::too_large, "nested too deeply"};
  if (code == simdjson::CAPACITY) return {errc::too_large, "the text is too long"};
  return {errc::bad_message, std::string("not JSON: ") + simdjson::error_message(code)};
}

}  // namespace

class json_transcoder::parser {
 public:
  result<void> to_msgpack(byte_span text, byte_buffer& out, const json_limits& limits) {
    if (text.size() > limits.bytes_max) return error{errc::too_large, "the text is too long"};
    if (has_long_number(text, limits.number_chars_max)) return error{errc::too_large, "a number is too long"};
    if (holds_too_much(text, limits.elements_max)) return error{errc::too_large, "too many elements"};
    if (const auto code = fit(text.size())) return parse_error(code);
    padded_.resize(text.size() + simdjson::SIMDJSON_PADDING);
    if (!text.empty()) std::memcpy(padded_.data(), text.data(), text.size());
    std::memset(padded_.data() + text.size(), 0, simdjson::SIMDJSON_PADDING);

    dom::element root;
    if (const auto code = dom_.parse(padded_.data(), text.size(), false).get(root)) return parse_error(code);
    const auto before = out.size();
    keys_.clear();
    tape_walker walker(out, keys_, limits);
    if (walker.write(root, 0)) return {};
    out.resize(before);
    return walker.why();
  }

 private:
  /// Grows the parser in powers of two, and gives memory back after a burst.
  simdjson::error_code fit(std::size_t bytes) {
    small_texts_ = bytes > capacity_kept_max ? 0 : small_texts_ + 1;
    if (dom_.capacity() > capacity_kept_max && small_texts_ >= small_texts_before_shrinking) {
      dom_ = dom::parser();
      padded_ = byte_buffer();
    }
    if (bytes <= dom_.capacity()) return simdjson::SUCCESS;
    // One level more than the walk allows, so that the walk names the limit.
    return dom_.allocate(std::bit_ceil(std::max(bytes, capacity_min)), depth_possible + 2);
  }

  dom::parser dom_;
  byte_buffer padded_;
  std::vector<std::string_view> keys_;
  std::size_t small_texts_ = 0;
};

json_transcoder::json_transcoder() : parser_(std::make_unique<parser>()) {}
json_transcoder::~json_transcoder() = default;
json_transcoder::json_transcoder(json_transcoder&&) noexcept = default;
json_transcoder& json_transcoder::operator=(json_transcoder&&) noexcept = default;

result<void> json_transcoder::to_msgpack(byte_span text, byte_buffer& out, const json_limits& limits) {
  return parser_->to_msgpack(text, out, limits);
}

}  // namespace askr::transport
