// SPDX-License-Identifier: MIT
#pragma once

/// The nodes of a measurement: a workspace of their own, found by seed, with a secret that only they know.

#include <askr/options.hpp>
#include <askr/random.hpp>

#include <string>
#include <utility>

namespace askr::bench {

inline constexpr milliseconds join_timeout = seconds(10);

/// It is handed to the children on stdin and never shows on a command line.
inline std::string random_secret() {
  std::string secret;
  for (const entropy random; secret.size() < 48;) secret.push_back(static_cast<char>('a' + random.next() % 26));
  return secret;
}

inline node_options options_for(std::string name, const std::string& secret) {
  node_options options;
  options.name = std::move(name);
  options.workspace = "askr-bench";
  options.port = 0;
  options.beacon = false;
  options.secret = secret;
  return options;
}

}  // namespace askr::bench
