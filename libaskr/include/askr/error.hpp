// SPDX-License-Identifier: MIT
#pragma once

/// How askr fails: one enum, one category, and `result<T>`. The world fails by value; the programmer by ASKR_ASSERT.

#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>

namespace askr {

/// Everything that can go wrong, as it is named on both wires and by the CLI. The numbers are part of the peer wire.
enum class errc {
  no_handler = 1,          ///< No reachable node serves this command.
  denied = 2,              ///< The principal may not do this.
  timed_out = 3,           ///< No outcome before the deadline.
  peer_lost = 4,           ///< The serving node, or the link to it, went away; the command may have run.
  overloaded = 5,          ///< A queue or table is full; try again later or elsewhere.
  handler_failed = 6,      ///< The handler threw or answered with an error.
  canceled = 7,            ///< The caller gave up.
  too_large = 8,           ///< Above a size limit.
  no_node = 9,             ///< The named target node is not known.
  bad_message = 10,        ///< Bytes that do not follow the protocol.
  bad_payload = 11,        ///< The payload does not fit the type that was asked for.
  bad_options = 12,        ///< Options that contradict each other or are out of range.
  unauthenticated = 13,    ///< The other side did not prove who it is.
  wrong_workspace = 14,    ///< The message is meant for another workspace.
  duplicate_identity = 15, ///< A newer incarnation of the same node identity is running.
  duplicate_mid = 16,      ///< A command with this mid is still pending in this session, or was seen before.
  unsupported = 17,        ///< A protocol version, encoding or feature this side does not have.
  closed = 18,             ///< The link, session or node was closed or never started.
  io_failed = 19,          ///< The operating system refused: see the detail.
  bad_key_file = 20,       ///< A key file is missing, malformed, or readable by others.
  no_key = 21,             ///< The connected state has no such key.
};

/// The name used on the wires and by the CLI, for example "no_handler"; "unknown" for numbers not in the enum.
std::string_view to_string(errc code) noexcept;
/// The errc of that name, or `errc::bad_message` if there is none.
errc errc_from_string(std::string_view name) noexcept;

const std::error_category& error_category() noexcept;
inline std::error_code make_error_code(errc code) noexcept { return {static_cast<int>(code), error_category()}; }

/// A failure: what kind, and a sentence for people. An empty detail means that the kind says it all.
struct error {
  errc code = errc::bad_message;
  std::string detail;

  error(errc what) : code(what) {}  // NOLINT: implicit on purpose, `return errc::denied;`
  error(errc what, std::string why) : code(what), detail(std::move(why)) {}

  /// "no_handler: Command's callback for fetch not found".
  std::string message() const;
};

/// Either a T or an error. Access to the absent side is a programmer's error (ASKR_ASSERT).
template <class T>
class [[nodiscard]] result {
 public:
  result(T value) : state_(std::in_place_index<0>, std::move(value)) {}    // NOLINT: implicit on purpose
  result(askr::error why) : state_(std::in_place_index<1>, std::move(why)) {}  // NOLINT
  result(errc code) : state_(std::in_place_index<1>, code) {}              // NOLINT

  bool ok() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }

  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const askr::error& error() const { return std::get<1>(state_); }
  errc code() const { return error().code; }

 private:
  std::variant<T, askr::error> state_;
};

template <>
class [[nodiscard]] result<void> {
 public:
  result() = default;
  result(askr::error why) : error_(std::move(why)), ok_(false) {}  // NOLINT: implicit on purpose
  result(errc code) : error_(code), ok_(false) {}                 // NOLINT

  bool ok() const noexcept { return ok_; }
  explicit operator bool() const noexcept { return ok_; }
  const askr::error& error() const { return error_; }
  errc code() const { return error_.code; }

 private:
  askr::error error_{errc::closed};
  bool ok_ = true;
};

/// What a future throws when a command fails, and what a handler may throw to choose its caller's error: `code()` is an
/// errc, `detail()` the sentence.
class failure : public std::system_error {
 public:
  explicit failure(const error& why) : std::system_error(make_error_code(why.code), why.detail), detail_(why.detail) {}
  failure(errc code, std::string detail) : failure(error{code, std::move(detail)}) {}

  const std::string& detail() const noexcept { return detail_; }

 private:
  std::string detail_;
};

}  // namespace askr

template <>
struct std::is_error_code_enum<askr::errc> : std::true_type {};
