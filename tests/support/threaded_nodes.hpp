// SPDX-License-Identifier: MIT
#pragma once

/// What the tests of whole nodes with threads and sockets have in common. Each case has a secret of its own, so that
/// nothing else on this machine can disturb it; what takes time is waited for, never slept for.

#include <askr/node.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace askr::test {

inline constexpr auto patience = seconds(20);

inline std::string secret_of_this_case() {
  return "secret of " + boost::unit_test::framework::current_test_case().p_name.get() + std::string(32, '.');
}

inline node_options options_of(std::string name, std::vector<std::string> seeds = {}) {
  node_options options;
  options.name = std::move(name);
  options.port = 0;
  options.beacon = false;
  options.seeds = std::move(seeds);
  options.secret = secret_of_this_case();
  return options;
}

inline std::string address(const node& of) { return "127.0.0.1:" + std::to_string(of.port()); }

template <class Predicate>
bool eventually(Predicate holds) {
  for (const auto end = clock::now() + patience; clock::now() < end; std::this_thread::sleep_for(2ms)) {
    if (holds()) return true;
  }
  return holds();
}

inline bool sees(const node& one, std::size_t nodes) {
  return eventually([&] { return one.nodes().size() == nodes; });
}

inline bool serves(const node& one, std::string_view command) {
  return eventually([&] {
    for (const auto& each : one.nodes()) {
      for (const auto& served : each.commands) {
        if (served == command) return true;
      }
    }
    return false;
  });
}

inline bool listens(const node& one, std::string_view topic, std::size_t nodes) {
  return eventually([&] {
    std::size_t found = 0;
    for (const auto& each : one.nodes()) found += each.topics == std::vector<std::string>{std::string(topic)};
    return found == nodes;
  });
}

/// The outcome: a payload's JSON or the error's name.
inline std::string outcome(std::future<payload>& of) {
  if (of.wait_for(patience) != std::future_status::ready) return "never";
  try {
    return *of.get().to_json();
  } catch (const failure& why) {
    return std::string(to_string(static_cast<errc>(why.code().value())));
  } catch (const std::future_error&) {
    return "broken promise";
  }
}
inline std::string outcome(std::future<payload>&& of) { return outcome(of); }

}  // namespace askr::test
