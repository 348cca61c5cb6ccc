// SPDX-License-Identifier: MIT
#pragma once

/// What a command, reply or event carries: bytes and how to read them. askr never looks inside; the two ends do, with
/// `from` and `as`, for every type msgpack-c packs: scalars, strings, containers, optionals, tuples, `askr::value`, and
/// your own structs:
///
///     struct add_request { int a; int b; MSGPACK_DEFINE_MAP(a, b) };
///     auto data = askr::payload::from(add_request{1, 2});
///
/// This is the one header that brings in msgpack-c.

#include <askr/bytes.hpp>
#include <askr/encoding.hpp>
#include <askr/error.hpp>

#include <msgpack/pack.hpp>
#include <msgpack/type.hpp>
#include <msgpack/unpack.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace askr {

class payload;
class payload_view;
class value;

/// What a payload may be when it is read as a T. Memory is taken only after the whole of it passed: about 24 bytes per
/// element while it is read.
inline constexpr std::size_t payload_depth_max = 32;          ///< Nested arrays and maps.
inline constexpr std::size_t payload_elements_max = 1 << 20;  ///< All elements of all arrays and maps.

namespace detail {

template <class T, class... Others>
inline constexpr bool is_one_of = (std::is_same_v<T, Others> || ...);

/// Numbers are read without msgpack-c. char and its relatives are not numbers to people, so they go the long way.
template <class T>
inline constexpr bool is_plain_integer =
    std::is_integral_v<T> && !is_one_of<T, bool, char, wchar_t, char8_t, char16_t, char32_t>;

template <class T>
inline constexpr bool is_bytes = is_one_of<T, byte_buffer, std::vector<std::uint8_t>>;

/// Each reads exactly one msgpack object; false if it is another type, does not fit, or is followed by something.
/// Integers may also come as floats without a fraction, because some encoders write large ones so.
bool read_one(byte_span bytes, bool& into) noexcept;
bool read_one(byte_span bytes, std::int64_t& into) noexcept;
bool read_one(byte_span bytes, std::uint64_t& into) noexcept;
bool read_one(byte_span bytes, double& into) noexcept;
bool read_one(byte_span bytes, std::string_view& into) noexcept;
bool read_one(byte_span bytes, byte_span& into) noexcept;

/// One whole object within the limits above, no key twice, nothing behind it. Fails with errc::bad_payload.
result<void> check_payload(byte_span bytes);
/// errc::bad_payload, naming what the payload is.
error misfit(byte_span bytes, encoding kind);
result<void> json_to_msgpack(byte_span text, byte_buffer& out);
[[noreturn]] void throw_failure(const error& why);

result<void> unpack_value(byte_span bytes, value& into);
void pack_value(const value& from, byte_buffer& out);
void assign_value(value& to, const msgpack::object& from);

/// Where msgpack-c's packer writes to.
struct byte_sink {
  byte_buffer& out;

  void write(const char* data, std::size_t count) { append(out, as_bytes({data, count})); }
};

template <class T>
result<T> unpack_object(byte_span bytes) {
  static constexpr std::uint8_t nil[] = {0xc0};
  if (bytes.empty()) bytes = nil;
  if (const auto checked = check_payload(bytes); !checked) return checked.error();
  try {
    msgpack::zone zone;
    std::size_t offset = 0;
    bool referenced = false;
    // Strings are not copied into the zone: the bytes outlive the conversion.
    const auto refer = [](msgpack::type::object_type, std::size_t, void*) { return true; };
    const auto all = bytes.size();
    const msgpack::unpack_limit limit(all, all, all, all, all, payload_depth_max + 1);
    const msgpack::object object = msgpack::unpack(zone, reinterpret_cast<const char*>(bytes.data()), all, offset,
                                                   referenced, refer, nullptr, limit);
    return object.as<T>();
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception&) {
    return misfit(bytes, encoding::msgpack);
  }
}

template <class T>
result<T> unpack(byte_span bytes) {
  if constexpr (is_plain_integer<T>) {
    std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t> number = 0;
    if (read_one(bytes, number) && std::in_range<T>(number)) return static_cast<T>(number);
    return misfit(bytes, encoding::msgpack);
  } else if constexpr (std::is_floating_point_v<T>) {
    double number = 0;
    if (read_one(bytes, number)) return static_cast<T>(number);
    return misfit(bytes, encoding::msgpack);
  } else if constexpr (is_one_of<T, bool, std::string_view>) {
    T found{};
    if (read_one(bytes, found)) return found;
    return misfit(bytes, encoding::msgpack);
  } else if constexpr (std::is_same_v<T, std::string>) {
    std::string_view text;
    if (read_one(bytes, text)) return std::string(text);
    return misfit(bytes, encoding::msgpack);
  } else if constexpr (is_bytes<T>) {
    byte_span found;
    if (read_one(bytes, found)) return T(found.begin(), found.end());
    return unpack_object<T>(bytes);  // An array of small numbers will do, too.
  } else if constexpr (std::is_same_v<T, value>) {
    T found;  // Dependent, so that `value` need not be complete here.
    if (const auto done = unpack_value(bytes, found); !done) return done.error();
    return found;
  } else {
    return unpack_object<T>(bytes);
  }
}

template <class T>
result<T> from_raw(byte_span bytes) {
  if constexpr (std::is_same_v<T, std::string_view>) {
    return as_text(bytes);
  } else if constexpr (std::is_same_v<T, std::string>) {
    return std::string(as_text(bytes));
  } else if constexpr (is_bytes<T>) {
    return T(bytes.begin(), bytes.end());
  } else {
    return misfit(bytes, encoding::raw);
  }
}

template <class T>
result<T> from_json_text(byte_span text) {
  if constexpr (std::is_same_v<T, std::string_view>) {
    return error{errc::bad_payload, "a view into JSON: ask for a std::string"};
  } else {
    byte_buffer packed;
    if (const auto done = json_to_msgpack(text, packed); !done) return done.error();
    return unpack<T>(packed);
  }
}

}  // namespace detail

/// A payload that somebody else owns: valid as long as those bytes are. Cheap to copy.
class payload_view {
 public:
  payload_view() = default;
  explicit payload_view(byte_span bytes, encoding kind = encoding::msgpack) noexcept : bytes_(bytes), kind_(kind) {}

  byte_span bytes() const noexcept { return bytes_; }
  encoding kind() const noexcept { return kind_; }
  /// True if it holds nothing: no bytes, or msgpack's nil.
  bool empty() const noexcept {
    return bytes_.empty() || (kind_ == encoding::msgpack && bytes_.size() == 1 && bytes_[0] == 0xc0);
  }

  /// Reads it as a T, or fails with errc::bad_payload. T may be `payload`, or `void`, which takes anything. Raw bytes
  /// are read as std::string, std::string_view, byte_buffer and std::vector<std::uint8_t> only. A std::string_view
  /// points into the payload. Throws bad_alloc only.
  template <class T>
  result<T> try_as() const;

  /// The same, but throws failure(errc::bad_payload).
  template <class T>
  T as() const {
    if constexpr (!std::is_void_v<T>) {
      auto read = try_as<T>();
      if (!read) detail::throw_failure(read.error());
      return std::move(read).value();
    }
  }

  /// As JSON text: bytes become base64, NaN null, a timestamp its milliseconds. Fails with errc::bad_payload.
  result<std::string> to_json() const;

 private:
  byte_span bytes_;
  encoding kind_ = encoding::msgpack;
};

/// A payload that owns its bytes.
class payload {
 public:
  /// Nothing: nil.
  payload() = default;
  payload(byte_buffer bytes, encoding kind) noexcept : bytes_(std::move(bytes)), kind_(kind) {}
  explicit payload(payload_view copied) : kind_(copied.kind()) { append(bytes_, copied.bytes()); }

  /// Packs a value as msgpack. Throws what a packer of your own throws.
  template <class T>
  static payload from(const T& packed) {
    payload made;
    pack(packed, made.bytes_);
    return made;
  }
  static payload from(payload given) { return given; }

  /// Bytes that only sender and receiver understand.
  static payload raw(byte_span bytes) { return payload(payload_view(bytes, encoding::raw)); }
  /// JSON text, as it is; whether it is valid shows where it is read.
  static payload json(std::string_view text) { return payload(payload_view(as_bytes(text), encoding::json)); }

  /// Appends what `from` would hold.
  template <class T>
  static void pack(const T& packed, byte_buffer& out) {
    detail::byte_sink sink{out};
    msgpack::packer<detail::byte_sink> packer(sink);
    if constexpr (std::is_same_v<T, value>) {
      detail::pack_value(packed, out);
    } else if constexpr (std::is_null_pointer_v<T>) {
      packer.pack_nil();
    } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
      packer.pack(std::string_view(packed));
    } else {
      packer.pack(packed);
    }
  }

  payload_view view() const& noexcept { return payload_view(bytes_, kind_); }
  operator payload_view() const& noexcept { return view(); }  // NOLINT: implicit on purpose, as string to string_view

  byte_span bytes() const noexcept { return bytes_; }
  encoding kind() const noexcept { return kind_; }
  bool empty() const noexcept { return view().empty(); }
  /// Gives the bytes away.
  byte_buffer release() && noexcept { return std::move(bytes_); }

  /// See payload_view. A std::string_view lives as long as this payload is not changed.
  template <class T>
  result<T> try_as() const {
    return view().try_as<T>();
  }
  template <class T>
  T as() const {
    return view().as<T>();
  }
  result<std::string> to_json() const { return view().to_json(); }

 private:
  byte_buffer bytes_;
  encoding kind_ = encoding::msgpack;
};

template <class T>
result<T> payload_view::try_as() const {
  if constexpr (std::is_void_v<T>) {
    return {};
  } else if constexpr (std::is_same_v<T, payload>) {
    return payload(*this);
  } else if constexpr (std::is_same_v<T, payload_view>) {
    return *this;
  } else {
    switch (kind_) {
      case encoding::msgpack:
        return detail::unpack<T>(bytes_);
      case encoding::json:
        return detail::from_json_text<T>(bytes_);
      case encoding::raw:
        return detail::from_raw<T>(bytes_);
    }
    return detail::misfit(bytes_, kind_);
  }
}

}  // namespace askr

/// `askr::value` inside containers and structs.
namespace msgpack {
MSGPACK_API_VERSION_NAMESPACE(MSGPACK_DEFAULT_API_NS) {
  namespace adaptor {

  template <>
  struct pack<askr::value> {
    template <class Stream>
    packer<Stream>& operator()(packer<Stream>& out, const askr::value& from) const {
      askr::byte_buffer packed;
      askr::detail::pack_value(from, packed);
      // The one way to append bytes that are msgpack already.
      return out.pack_str_body(reinterpret_cast<const char*>(packed.data()), static_cast<std::uint32_t>(packed.size()));
    }
  };

  template <>
  struct convert<askr::value> {
    const msgpack::object& operator()(const msgpack::object& from, askr::value& to) const {
      askr::detail::assign_value(to, from);
      return from;
    }
  };

  }  // namespace adaptor
}
}  // namespace msgpack
