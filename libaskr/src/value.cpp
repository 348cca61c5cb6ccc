// SPDX-License-Identifier: MIT
#include <askr/value.hpp>

#include "libaskr/src/exact_integer.hpp"
#include "transport/msgpack_reader.hpp"
#include "transport/msgpack_writer.hpp"

#include <askr/payload.hpp>

#include <algorithm>

namespace askr {
namespace {

[[noreturn]] void refuse(std::string why) { throw failure(error{errc::bad_payload, std::move(why)}); }

template <class Integer>
Integer exact(double number) {
  const auto found = detail::exact_integer<Integer>(number);
  if (!found) refuse("a number that is no such integer");
  return *found;
}

bool keys_differ(const value::object& members) {
  std::vector<std::string_view> keys;
  keys.reserve(members.size());
  for (const auto& member : members) keys.push_back(member.first);
  std::sort(keys.begin(), keys.end());
  return std::adjacent_find(keys.begin(), keys.end()) == keys.end();
}

}  // namespace

value::value(array elements) : held_(std::move(elements)) {}

value::value(object members) : held_(std::move(members)) {
  if (!keys_differ(as_object())) refuse("a key stands twice in an object");
}

value::value(std::initializer_list<member> members) : value(object(members)) {}

template <class T>
const T& value::get(const char* wanted) const {
  const auto* found = std::get_if<T>(&held_);
  if (found == nullptr) refuse(std::string("not ") + wanted);
  return *found;
}

bool value::as_bool() const { return get<bool>("a boolean"); }
const std::string& value::as_string() const { return get<std::string>("a string"); }
const byte_buffer& value::as_bytes() const { return get<byte_buffer>("bytes"); }
const value::array& value::as_array() const { return get<array>("an array"); }
value::array& value::as_array() { return const_cast<array&>(get<array>("an array")); }
const value::object& value::as_object() const { return get<object>("an object"); }

std::int64_t value::as_int() const {
  if (is_double()) return exact<std::int64_t>(std::get<double>(held_));
  return get<std::int64_t>("an integer below 2^63");
}

std::uint64_t value::as_uint() const {
  if (const auto* large = std::get_if<std::uint64_t>(&held_)) return *large;
  if (is_double()) return exact<std::uint64_t>(std::get<double>(held_));
  const auto number = get<std::int64_t>("an integer");
  if (number < 0) refuse("a negative number");
  return static_cast<std::uint64_t>(number);
}

double value::as_double() const {
  if (const auto* small = std::get_if<std::int64_t>(&held_)) return static_cast<double>(*small);
  if (const auto* large = std::get_if<std::uint64_t>(&held_)) return static_cast<double>(*large);
  return get<double>("a number");
}

std::size_t value::size() const noexcept {
  if (const auto* elements = std::get_if<array>(&held_)) return elements->size();
  if (const auto* members = std::get_if<object>(&held_)) return members->size();
  return 0;
}

const value* value::find(std::string_view key) const noexcept {
  const auto* members = std::get_if<object>(&held_);
  if (members == nullptr) return nullptr;
  const auto found =
      std::find_if(members->begin(), members->end(), [&](const auto& each) { return each.first == key; });
  return found == members->end() ? nullptr : &found->second;
}

const value& value::at(std::string_view key) const {
  const auto* found = find(key);
  if (found == nullptr) refuse("there is no member \"" + std::string(key) + '"');
  return *found;
}

const value& value::at(std::size_t index) const {
  const auto& elements = as_array();
  if (index >= elements.size()) refuse("there is no element " + std::to_string(index));
  return elements[index];
}

value& value::operator[](std::string_view key) {
  if (const auto* found = find(key)) return const_cast<value&>(*found);
  if (is_null()) held_ = object{};
  auto* members = std::get_if<object>(&held_);
  if (members == nullptr) refuse("not an object");
  return members->emplace_back(std::string(key), value()).second;
}

void value::push_back(value element) {
  if (is_null()) held_ = array{};
  as_array().push_back(std::move(element));
}

bool value::operator==(const value& other) const {
  if (!is_object() || !other.is_object()) return held_ == other.held_;
  const auto& members = as_object();
  if (members.size() != other.size()) return false;
  return std::all_of(members.begin(), members.end(), [&](const auto& each) {
    const auto* twin = other.find(each.first);
    return twin != nullptr && *twin == each.second;
  });
}

namespace {

using transport::msgpack_type;

/// Reads one object that check_payload has passed, so nothing can fail but a map whose keys are not strings. Recursion
/// is bounded by that check.
class value_reader {
 public:
  explicit value_reader(byte_span checked) : reader_(checked) {}

  result<value> read() {
    switch (reader_.peek_type()) {
      case msgpack_type::array:
        return read_array();
      case msgpack_type::map:
        return read_object();
      case msgpack_type::boolean:
        return value(*reader_.read_bool());
      case msgpack_type::negative_integer:
        return value(*reader_.read_int());
      case msgpack_type::unsigned_integer:
        return value(*reader_.read_uint());
      case msgpack_type::floating:
        return value(*reader_.read_double());
      case msgpack_type::str:
        return value(*reader_.read_str());
      case msgpack_type::bin:
        return read_bytes();
      case msgpack_type::ext:
        return read_timestamp();
      default:
        reader_.skip();
        return value();
    }
  }

 private:
  result<value> read_bytes() {
    const auto bytes = *reader_.read_bin();
    return value(byte_buffer(bytes.begin(), bytes.end()));
  }

  result<value> read_timestamp() {
    const auto milliseconds = transport::timestamp_ms(*reader_.read_ext());
    if (!milliseconds) return error{errc::bad_payload, "an ext that is not a timestamp"};
    return value(*milliseconds);
  }

  result<value> read_array() {
    value::array elements;
    for (auto left = *reader_.read_array_header(); left > 0; --left) {
      auto element = read();
      if (!element) return element;
      elements.push_back(std::move(*element));
    }
    return value(std::move(elements));
  }

  result<value> read_object() {
    value::object members;
    for (auto left = *reader_.read_map_header(); left > 0; --left) {
      const auto key = reader_.read_str();
      if (!key) return error{errc::bad_payload, "a map's key is not a string"};
      auto mapped = read();
      if (!mapped) return mapped;
      members.emplace_back(std::string(*key), std::move(*mapped));
    }
    return value(std::move(members));
  }

  transport::msgpack_reader reader_;
};

}  // namespace

namespace detail {

result<void> unpack_value(byte_span bytes, value& into) {
  into = value();
  if (bytes.empty()) return {};
  if (const auto checked = check_payload(bytes); !checked) return checked.error();
  auto read = value_reader(bytes).read();
  if (!read) return read.error();
  into = std::move(*read);
  return {};
}

void pack_value(const value& from, byte_buffer& out) {
  if (from.is_object()) {
    transport::write_map_header(out, from.size());
    for (const auto& [key, mapped] : from.as_object()) {
      transport::write_str(out, key);
      pack_value(mapped, out);
    }
  } else if (from.is_array()) {
    transport::write_array_header(out, from.size());
    for (const auto& element : from.as_array()) pack_value(element, out);
  } else if (from.is_string()) {
    transport::write_str(out, from.as_string());
  } else if (from.is_bytes()) {
    transport::write_bin(out, from.as_bytes());
  } else if (from.is_double()) {
    transport::write_double(out, from.as_double());
  } else if (from.is_bool()) {
    transport::write_bool(out, from.as_bool());
  } else if (from.is_null()) {
    transport::write_nil(out);
  } else if (from.is_large()) {
    transport::write_uint(out, from.as_uint());
  } else {
    transport::write_int(out, from.as_int());
  }
}

}  // namespace detail

result<std::string> to_json(const value& from) {
  byte_buffer packed;
  detail::pack_value(from, packed);
  return payload_view(packed).to_json();
}

result<value> from_json(std::string_view text) {
  byte_buffer packed;
  if (const auto done = detail::json_to_msgpack(as_bytes(text), packed); !done) return done.error();
  return payload_view(packed).try_as<value>();
}

}  // namespace askr
