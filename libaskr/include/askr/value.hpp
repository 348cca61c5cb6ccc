// SPDX-License-Identifier: MIT
#pragma once

/// JSON-like data whose shape is known at run time only. Everything else is better served by a type of its own.
///
///     askr::value reading{{"sensor", "t1"}, {"celsius", 21.5}};
///     double celsius = reading["celsius"].as_double();

#include <askr/bytes.hpp>
#include <askr/error.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace askr {

/// null, a bool, an integer, a double, a string, bytes, an array, or an object. An integer has one form: std::int64_t,
/// or std::uint64_t above its range, so equal numbers are equal values; 1 and 1.0 are not. Objects keep the order in
/// which members were added, and look them up one by one: for many keys, take a std::map and a type of your own.
/// Not thread-safe.
class value {
 public:
  using array = std::vector<value>;
  using member = std::pair<std::string, value>;
  using object = std::vector<member>;

  value() = default;
  value(std::nullptr_t) {}  // NOLINT: conversions from what it can hold are implicit on purpose
  template <std::same_as<bool> T>
  value(T flag) : held_(flag) {}  // NOLINT
  template <std::integral T>
  requires(!std::same_as<T, bool>) value(T number) {  // NOLINT
    if (std::in_range<std::int64_t>(number)) {
      held_ = static_cast<std::int64_t>(number);
    } else {
      held_ = static_cast<std::uint64_t>(number);
    }
  }
  template <std::floating_point T>
  value(T number) : held_(static_cast<double>(number)) {}     // NOLINT
  value(const char* text) : held_(std::string(text)) {}       // NOLINT
  value(std::string_view text) : held_(std::string(text)) {}  // NOLINT
  value(std::string text) : held_(std::move(text)) {}         // NOLINT
  value(byte_buffer bytes) : held_(std::move(bytes)) {}       // NOLINT
  value(array elements);                                      // NOLINT
  /// Throw failure(errc::bad_payload) if a key stands twice.
  value(object members);  // NOLINT
  value(std::initializer_list<member> members);

  bool is_null() const noexcept { return holds<std::monostate>(); }
  bool is_bool() const noexcept { return holds<bool>(); }
  bool is_integer() const noexcept { return holds<std::int64_t>() || holds<std::uint64_t>(); }
  bool is_large() const noexcept { return holds<std::uint64_t>(); }  ///< An integer of 2^63 or above.
  bool is_double() const noexcept { return holds<double>(); }
  bool is_number() const noexcept { return is_integer() || is_double(); }
  bool is_string() const noexcept { return holds<std::string>(); }
  bool is_bytes() const noexcept { return holds<byte_buffer>(); }
  bool is_array() const noexcept { return holds<array>(); }
  bool is_object() const noexcept { return holds<object>(); }

  /// Each throws failure(errc::bad_payload) for another type, or a number that does not fit.
  bool as_bool() const;
  std::int64_t as_int() const;    ///< Integers, and doubles without a fraction.
  std::uint64_t as_uint() const;  ///< As as_int.
  double as_double() const;       ///< Any number.
  const std::string& as_string() const;
  const byte_buffer& as_bytes() const;
  const array& as_array() const;
  array& as_array();
  const object& as_object() const;

  /// Elements, members, or 0.
  std::size_t size() const noexcept;
  /// The member of that name, or null if there is none or this is not an object. Valid until the object changes.
  const value* find(std::string_view key) const noexcept;
  bool contains(std::string_view key) const noexcept { return find(key) != nullptr; }
  /// Throws failure(errc::bad_payload) if there is no such member or element.
  const value& at(std::string_view key) const;
  const value& at(std::size_t index) const;
  /// Adds the member if it is not there; null becomes an object. Throws failure(errc::bad_payload) for other types.
  value& operator[](std::string_view key);
  const value& operator[](std::string_view key) const { return at(key); }
  const value& operator[](std::size_t index) const { return at(index); }
  /// Appends an element; null becomes an array. Throws failure(errc::bad_payload) for other types.
  void push_back(value element);

  /// Objects are equal if they have equal members, in whatever order.
  bool operator==(const value& other) const;

 private:
  template <class T>
  bool holds() const noexcept {
    return std::holds_alternative<T>(held_);
  }
  template <class T>
  const T& get(const char* wanted) const;

  std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double, std::string, byte_buffer, array, object>
      held_;
};

/// As JSON text: bytes become base64, NaN and the infinities null. Fails with errc::bad_payload for strings that are
/// not UTF-8 and for more than 32 levels.
result<std::string> to_json(const value& from);
/// Reads JSON text of at most 16 MiB, 32 levels and 1,048,576 elements. Fails with errc::bad_payload.
result<value> from_json(std::string_view text);

}  // namespace askr
