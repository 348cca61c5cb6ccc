// SPDX-License-Identifier: MIT
#include <askr/payload.hpp>

#include "libaskr/src/exact_integer.hpp"
#include "transport/json.hpp"
#include "transport/json_writer.hpp"
#include "transport/msgpack_reader.hpp"

#include <askr/value.hpp>

#include <optional>

namespace askr {
namespace detail {
namespace {

using transport::msgpack_reader;
using transport::msgpack_type;

constexpr std::size_t json_bytes_max = 16 << 20;

template <class Found, class T>
bool settle(const msgpack_reader& reader, const std::optional<Found>& found, T& into) noexcept {
  if (!found || !reader.at_end()) return false;
  into = *found;
  return true;
}

std::string_view name_of(byte_span bytes) noexcept {
  switch (bytes.empty() ? msgpack_type::nil : transport::decode_head(bytes).type) {
    case msgpack_type::nil:
      return "nil";
    case msgpack_type::boolean:
      return "a boolean";
    case msgpack_type::unsigned_integer:
    case msgpack_type::negative_integer:
      return "an integer";
    case msgpack_type::floating:
      return "a float";
    case msgpack_type::str:
      return "a string";
    case msgpack_type::bin:
      return "bytes";
    case msgpack_type::array:
      return "an array";
    case msgpack_type::map:
      return "a map";
    case msgpack_type::ext:
      return "an ext";
    case msgpack_type::none:
      break;
  }
  return "not msgpack";
}

}  // namespace

bool read_one(byte_span bytes, bool& into) noexcept {
  msgpack_reader reader(bytes);
  const auto found = reader.read_bool();
  return settle(reader, found, into);
}

bool read_one(byte_span bytes, std::int64_t& into) noexcept {
  msgpack_reader reader(bytes);
  auto found = reader.read_int();
  if (!found && reader.peek_type() == msgpack_type::floating)
    found = exact_integer<std::int64_t>(*reader.read_double());
  return settle(reader, found, into);
}

bool read_one(byte_span bytes, std::uint64_t& into) noexcept {
  msgpack_reader reader(bytes);
  auto found = reader.read_uint();
  if (!found && reader.peek_type() == msgpack_type::floating)
    found = exact_integer<std::uint64_t>(*reader.read_double());
  return settle(reader, found, into);
}

bool read_one(byte_span bytes, double& into) noexcept {
  msgpack_reader reader(bytes);
  const auto found = reader.read_double();
  return settle(reader, found, into);
}

bool read_one(byte_span bytes, std::string_view& into) noexcept {
  msgpack_reader reader(bytes);
  auto found = reader.read_str();
  if (!found) {
    if (const auto binary = reader.read_bin()) found = as_text(*binary);
  }
  return settle(reader, found, into);
}

bool read_one(byte_span bytes, byte_span& into) noexcept {
  msgpack_reader reader(bytes);
  auto found = reader.read_bin();
  if (!found) {
    if (const auto text = reader.read_str()) found = as_bytes(*text);
  }
  return settle(reader, found, into);
}

result<void> check_payload(byte_span bytes) {
  transport::msgpack_limits limits;
  limits.depth_max = payload_depth_max;
  limits.elements_max = payload_elements_max;
  limits.content_bytes_max = bytes.size();
  limits.ext_bytes_max = bytes.size();
  limits.timestamps_only = false;
  limits.utf8 = false;  // A std::string is bytes to C++; text is checked where it becomes JSON.
  if (const auto checked = transport::check_msgpack(bytes, limits); !checked) {
    return error{errc::bad_payload, checked.error().detail};
  }
  return {};
}

error misfit(byte_span bytes, encoding kind) {
  if (kind == encoding::raw) return {errc::bad_payload, "raw bytes do not fit the type asked for"};
  return {errc::bad_payload, std::string(name_of(bytes)) + " does not fit the type asked for"};
}

// Rare: payloads in JSON come from payload::json only, since sessions turn the JSON of clients into msgpack.
result<void> json_to_msgpack(byte_span text, byte_buffer& out) {
  transport::json_limits limits;
  limits.bytes_max = json_bytes_max;
  limits.depth_max = payload_depth_max;
  limits.elements_max = payload_elements_max;
  const auto done = transport::json_transcoder().to_msgpack(text, out, limits);
  if (!done) return error{errc::bad_payload, done.error().detail};
  return {};
}

void throw_failure(const error& why) { throw failure(why); }

namespace {

value read_members(const msgpack::object_map& map) {
  value::object members;
  members.reserve(map.size);
  for (std::uint32_t i = 0; i < map.size; ++i) {
    const auto& pair = map.ptr[i];
    if (pair.key.type != msgpack::type::STR) throw msgpack::type_error();
    members.emplace_back(pair.key.as<std::string>(), pair.val.as<value>());
  }
  return members;
}

}  // namespace

void assign_value(value& to, const msgpack::object& from) {
  switch (from.type) {
    case msgpack::type::NIL:
      to = value();
      break;
    case msgpack::type::BOOLEAN:
      to = from.via.boolean;
      break;
    case msgpack::type::POSITIVE_INTEGER:
      to = from.via.u64;
      break;
    case msgpack::type::NEGATIVE_INTEGER:
      to = from.via.i64;
      break;
    case msgpack::type::FLOAT32:
    case msgpack::type::FLOAT64:
      to = from.via.f64;
      break;
    case msgpack::type::STR:
      to = from.as<std::string>();
      break;
    case msgpack::type::BIN:
      to = from.as<byte_buffer>();
      break;
    case msgpack::type::ARRAY:
      to = from.as<value::array>();
      break;
    case msgpack::type::MAP:
      to = read_members(from.via.map);
      break;
    case msgpack::type::EXT: {
      const auto bytes = as_bytes({from.via.ext.data(), from.via.ext.size});
      const auto milliseconds = transport::timestamp_ms({from.via.ext.type(), bytes});
      if (!milliseconds) throw msgpack::type_error();
      to = *milliseconds;
    }
  }
}

}  // namespace detail

result<std::string> payload_view::to_json() const {
  byte_buffer text;
  if (kind_ == encoding::raw) {
    transport::write_json_base64(text, bytes_);
  } else {
    byte_buffer packed;
    if (kind_ == encoding::json) {
      if (const auto done = detail::json_to_msgpack(bytes_, packed); !done) return done.error();
    }
    const auto source = kind_ == encoding::json ? byte_span(packed) : bytes_;
    const auto done = transport::msgpack_to_json(source, text, payload_depth_max);
    if (!done) return error{errc::bad_payload, done.error().detail};
  }
  return std::string(as_text(text));
}

}  // namespace askr
