// SPDX-License-Identifier: MIT
#pragma once

/// The client options that the global command line options mean.

#include "tools/askr/commands.hpp"

#include <askr/client.hpp>

namespace askr::cli {

/// For one question and its answer: it does not connect again. Throws failure(errc::bad_key_file).
client_options client_for(const global_options& global);
/// For a program that stays: it connects again after a loss, and says so on stderr.
client_options lasting_client_for(const global_options& global);

}  // namespace askr::cli
