// SPDX-License-Identifier: MIT
#pragma once

/// What the commands print. Text that came over the network must not steer the terminal, colours are for terminals
/// only, and an error says what to do next.

#include <askr/error.hpp>
#include <askr/value.hpp>

#include <string>
#include <string_view>

namespace askr::cli {

/// Control characters (C0, DEL, C1) as \u00xx, so that valid JSON stays valid JSON.
std::string printable(std::string_view text);

/// One line on stdout, flushed: somebody may be reading it as it comes. Thread-safe.
void print_line(std::string_view line);
/// The value as one line of JSON.
void print_json(const value& object);

/// True if stdout is a terminal and NO_COLOR is not set.
bool colours_wanted();
std::string bold(std::string_view text, bool coloured);

/// "askr: no_handler: ..." on stderr, and a line that says what to do about it.
void print_error(const error& why);
void print_error(std::string_view text, std::string_view hint);

}  // namespace askr::cli
