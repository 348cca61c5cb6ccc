// SPDX-License-Identifier: MIT
#pragma once

/// What the examples need around askr: options of the command line, the wall clock, a ready line, and the end on
/// Ctrl-C.

#include <askr/node.hpp>
#include <askr/value.hpp>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

namespace examples {

/// `--name value` pairs and flags.
class arguments {
 public:
  arguments(int count, char** words) : count_(count), words_(words) {}

  bool has(std::string_view name) const { return find(name) != nullptr; }
  std::string text(std::string_view name, std::string otherwise) const {
    const char* const* at = find(name);
    return at != nullptr && at + 1 < words_ + count_ ? at[1] : std::move(otherwise);
  }
  std::int64_t number(std::string_view name, std::int64_t otherwise) const {
    return std::strtoll(text(name, std::to_string(otherwise)).c_str(), nullptr, 10);
  }

 private:
  const char* const* find(std::string_view name) const {
    for (int i = 1; i < count_; ++i) {
      if (words_[i] == name) return words_ + i;
    }
    return nullptr;
  }

  int count_;
  char** words_;
};

inline std::int64_t now_ms() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

inline void log_to_stderr(askr::log_level level, std::string_view line) {
  if (level != askr::log_level::debug) std::cerr << line << std::endl;
}

inline void say_ready(const askr::node& node, bool as_json) {
  if (!as_json) {
    std::cout << "node " << node.name() << " ready at " << node.url() << std::endl;
    return;
  }
  const askr::value ready{{"event", "ready"},
                          {"name", node.name()},
                          {"id", node.id().to_string()},
                          {"workspace", node.workspace()},
                          {"url", node.url()}};
  std::cout << askr::to_json(ready).value() << std::endl;
}

/// Before the first thread, so that all of them leave the signals to wait_for().
inline sigset_t block_stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

inline void wait_for(const sigset_t& signals) {
  int came = 0;
  sigwait(&signals, &came);
}

}  // namespace examples
