// SPDX-License-Identifier: MIT
#include <askr/assert.hpp>
#include <askr/error.hpp>

#include <array>
#include <cstdio>
#include <cstdlib>

namespace askr {
namespace {

struct named_code {
  errc code;
  std::string_view name;
};

constexpr std::array names{
    named_code{errc::no_handler, "no_handler"},
    named_code{errc::denied, "denied"},
    named_code{errc::timed_out, "timed_out"},
    named_code{errc::peer_lost, "peer_lost"},
    named_code{errc::overloaded, "overloaded"},
    named_code{errc::handler_failed, "handler_failed"},
    named_code{errc::canceled, "canceled"},
    named_code{errc::too_large, "too_large"},
    named_code{errc::no_node, "no_node"},
    named_code{errc::bad_message, "bad_message"},
    named_code{errc::bad_payload, "bad_payload"},
    named_code{errc::bad_options, "bad_options"},
    named_code{errc::unauthenticated, "unauthenticated"},
    named_code{errc::wrong_workspace, "wrong_workspace"},
    named_code{errc::duplicate_identity, "duplicate_identity"},
    named_code{errc::duplicate_mid, "duplicate_mid"},
    named_code{errc::unsupported, "unsupported"},
    named_code{errc::closed, "closed"},
    named_code{errc::io_failed, "io_failed"},
    named_code{errc::bad_key_file, "bad_key_file"},
    named_code{errc::no_key, "no_key"},
};

class category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "askr"; }
  std::string message(int value) const override { return std::string(to_string(static_cast<errc>(value))); }
};

}  // namespace

std::string_view to_string(errc code) noexcept {
  const auto index = static_cast<std::size_t>(code) - 1;
  return index < names.size() ? names[index].name : "unknown";
}

errc errc_from_string(std::string_view name) noexcept {
  for (const auto& each : names) {
    if (each.name == name) return each.code;
  }
  return errc::bad_message;
}

const std::error_category& error_category() noexcept {
  static const category instance;
  return instance;
}

std::string error::message() const {
  std::string text(to_string(code));
  if (!detail.empty()) text.append(": ").append(detail);
  return text;
}

namespace detail {

void assertion_failed(const char* expression, const char* file, int line) noexcept {
  std::fprintf(stderr, "askr: assertion failed: %s (%s:%d)\n", expression, file, line);
  std::abort();
}

}  // namespace detail
}  // namespace askr
