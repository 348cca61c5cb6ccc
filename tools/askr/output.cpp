// SPDX-License-Identifier: MIT
#include "tools/askr/output.hpp"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <mutex>

namespace askr::cli {
namespace {

bool is_coloured(int descriptor) {
  const char* refused = std::getenv("NO_COLOR");
  return isatty(descriptor) == 1 && (refused == nullptr || *refused == '\0');
}

void append_escaped(std::string& out, unsigned char code) {
  constexpr std::string_view digits = "0123456789abcdef";
  out += "\\u00";
  out += digits[code >> 4];
  out += digits[code & 15];
}

std::string_view hint_for(errc code) {
  switch (code) {
    case errc::no_handler:
      return "`askr nodes` shows what is served; `askr serve COMMAND -- PROGRAM` serves it";
    case errc::no_node:
      return "`askr nodes` lists the nodes by name";
    case errc::io_failed:
      return "start one: askr node (or choose another: --url ws://host:port)";
    case errc::timed_out:
      return "give it more time with --timeout SECONDS, or see with `askr nodes` who is there";
    case errc::peer_lost:
      return "it may have run: send it again if that does no harm";
    case errc::overloaded:
      return "try again in a moment";
    case errc::unauthenticated:
      return "show the node a token it knows: --token-file FILE; or believe its certificate: --ca FILE";
    case errc::denied:
      return "the node's operator decides what your token may do";
    case errc::wrong_workspace:
      return "leave --workspace out, or choose a node of that workspace with --url";
    case errc::bad_key_file:
      return "secret files are yours alone: chmod 600 FILE; `askr keygen` makes them";
    case errc::bad_options:
      return "`askr help COMMAND` explains the options";
    case errc::too_large:
      return "a node takes messages of up to 1 MiB: send less, or in parts";
    case errc::handler_failed:
      return "the service answered with this error; its own log knows more";
    default:
      return {};
  }
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0;
    if (byte < 0x20 || byte == 0x7f) {
      append_escaped(out, byte);
    } else if (byte == 0xc2 && next >= 0x80 && next < 0xa0) {  // C1, in UTF-8.
      append_escaped(out, static_cast<unsigned char>(next));
      ++i;
    } else {
      out += text[i];
    }
  }
  return out;
}

void print_line(std::string_view line) {
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fputc('\n', stdout);
  std::fflush(stdout);
}

void print_json(const value& object) {
  const auto text = to_json(object);
  if (!text) throw failure(text.error());
  print_line(printable(*text));
}

bool colours_wanted() { return is_coloured(STDOUT_FILENO); }

std::string bold(std::string_view text, bool coloured) {
  return coloured ? "\x1b[1m" + std::string(text) + "\x1b[0m" : std::string(text);
}

void print_error(std::string_view text, std::string_view hint) {
  const bool coloured = is_coloured(STDERR_FILENO);
  const auto line = (coloured ? "\x1b[31maskr:\x1b[0m " : "askr: ") + printable(text) + "\n" +
                    (hint.empty() ? "" : "  " + std::string(hint) + "\n");
  std::fwrite(line.data(), 1, line.size(), stderr);
}

void print_error(const error& why) { print_error(why.message(), hint_for(why.code)); }

}  // namespace askr::cli
