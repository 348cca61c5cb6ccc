// SPDX-License-Identifier: MIT
#pragma once

/// The rivals: programs of their own under bench/rivals/, one per library, so that nothing of them is linked here. They
/// are there if `tools/setup.sh --rivals` has installed what they need. bench/README.md says how each is set up and
/// why.

#include "bench/events.hpp"
#include "bench/requester.hpp"

#include <memory>
#include <string>

namespace askr::bench {

/// What a rival can be measured with.
enum class workload_kind { rpc, events, websocket };

bool is_rival(const std::string& system, workload_kind what);
/// Their names with commas, for sentences.
std::string rivals_for(workload_kind what);
/// Why it cannot be measured here; empty if it can.
std::string why_absent(const std::string& system);

/// Drives the adapter's own requester, which runs the same load.
std::unique_ptr<requester> make_rival_requester(const std::string& system, pinning where);
std::unique_ptr<event_system> make_rival_events(const std::string& system, const event_options& options);
/// A WebSocket server, which says its port on stdout.
program rival_server(const std::string& system, pinning where);

/// "a,b,c" as a list.
std::vector<std::string> split_systems(const std::string& systems);

}  // namespace askr::bench
