// SPDX-License-Identifier: MIT
#pragma once

/// What send_all() gathers: the answer of each node that serves a command, or why there is none.

#include <askr/error.hpp>
#include <askr/node_id.hpp>
#include <askr/payload.hpp>

#include <string>
#include <vector>

namespace askr {

struct node_answer {
  std::string node;  ///< Full name.
  node_id id;
  result<payload> outcome;      ///< timed_out: it was silent.
  bool maybe_executed = false;  ///< Of a failure: the command may have run.
};

/// Reads the gathered answers as they travel (docs/protocol.md, "Asking all"). Fails with errc::bad_payload.
result<std::vector<node_answer>> read_answers(const payload& gathered);

}  // namespace askr
