// SPDX-License-Identifier: MIT
#pragma once

/// The commands of `askr`, each in a file of its own: what the command line gives them, and their exit status (0 done,
/// 1 an error with a name, 2 wrong usage). They may throw askr::failure, which main() prints.

#include <askr/time.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace askr::cli {

inline constexpr int exit_done = 0;
inline constexpr int exit_error = 1;
inline constexpr int exit_usage = 2;

/// What all commands share.
struct global_options {
  std::string url = "ws://127.0.0.1:8800";
  std::string token_file = {};
  std::string signing_key_file = {};
  std::string ca_file = {};
  std::string certificate_file = {};
  std::string key_file = {};
  std::string workspace = {};
  bool json = false;
};

struct node_arguments {
  std::string name = "node";
  std::uint16_t port = 8800;
  std::string bind = "127.0.0.1";
  std::vector<std::string> join = {};
  std::string secret_file = {};
  std::string identity_file = {};
  std::string trusted_keys = {};
  std::string authority_file = {};
  std::string certificate_file = {};
  std::string revocations_file = {};
  std::string client_keys = {};
  std::string seeds_file = {};
  bool no_unix_links = false;
  std::uint32_t busy_poll_us = 0;
  bool no_beacon = false;
  std::vector<std::string> beacon_interfaces = {};
  std::uint16_t beacon_port = 8799;
  bool open = false;
  std::string tls_certificate_file = {};
  std::string tls_key_file = {};
  std::string tls_client_ca_file = {};
  bool tls_only = false;
  std::vector<std::string> roles = {};  ///< "NAME VERB=PATTERN,... ..."
  std::vector<std::string> allowed_hosts = {};
  std::vector<std::string> allowed_origins = {};
  bool verbose = false;
};

struct serve_arguments {
  std::string command;
  std::vector<std::string> program;
  std::size_t jobs = 4;
};

struct send_arguments {
  std::string command;
  std::string data = {};
  std::string to = {};
  milliseconds timeout = seconds(10);
  bool idempotent = false;
  std::string balance = {};
  std::string key = {};
  bool all = false;
  bool stream = false;
};

struct emit_arguments {
  std::string topic;
  std::string data = {};
};

struct listen_arguments {
  std::vector<std::string> topics;
  std::uint64_t count = 0;  ///< 0: for ever.
  std::uint64_t last = 0;   ///< So many past events first.
  bool ready = false;       ///< Say when all nodes know of it.
};

struct keygen_arguments {
  std::string secret_file = {};
  std::string identity_file = {};
  std::string authority_file = {};
  std::string client_key_file = {};
  std::string token_name = {};
};

struct admit_arguments {
  std::string node;
  std::string authority_file;
  std::string certificate_file;
  std::string name = {};
  std::vector<std::string> roles = {};
  std::vector<std::string> rights = {};  ///< VERB=PATTERN.
  unsigned days = 365;
};

struct revoke_arguments {
  std::string authority_file;
  std::string revocations_file;
  std::vector<std::string> nodes = {};
  std::vector<std::uint64_t> serials = {};
};

int run_node(const global_options& global, const node_arguments& arguments);
int run_serve(const global_options& global, const serve_arguments& arguments);
int run_send(const global_options& global, const send_arguments& arguments);
int run_emit(const global_options& global, const emit_arguments& arguments);
int run_listen(const global_options& global, const listen_arguments& arguments);
int run_nodes(const global_options& global);
int run_doctor(const global_options& global);
int run_admit(const global_options& global, const admit_arguments& arguments);
int run_revoke(const global_options& global, const revoke_arguments& arguments);
int run_keygen(const global_options& global, const keygen_arguments& arguments);
int run_version(const global_options& global);

}  // namespace askr::cli
