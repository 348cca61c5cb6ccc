// SPDX-License-Identifier: MIT
#pragma once

/// The JSON that a user gives as an argument or on stdin, and the JSON line that an answer becomes.

#include <askr/payload.hpp>

#include <stdexcept>
#include <string>

namespace askr::cli {

/// What a user typed that is not right: exit status 2.
struct usage_error : std::runtime_error {
  usage_error(const std::string& what, std::string what_to_do)
      : std::runtime_error(what), hint(std::move(what_to_do)) {}
  std::string hint;
};

/// "" is nothing, "-" is what stdin holds. Throws usage_error if it is no JSON.
payload read_json_argument(const std::string& text);
/// One line. Throws failure(errc::bad_payload) if the payload cannot be said in JSON.
std::string as_json_line(payload_view data);

}  // namespace askr::cli
