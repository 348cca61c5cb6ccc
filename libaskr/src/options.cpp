// SPDX-License-Identifier: MIT
#include <askr/options.hpp>

#include <algorithm>
#include <cctype>

namespace askr {
namespace {

constexpr std::size_t label_characters_max = 48;
constexpr std::size_t workspace_characters_max = 64;
constexpr std::size_t secret_characters_min = 32;
constexpr std::size_t message_bytes_limit = 64 << 20;

error broken(std::string rule) { return {errc::bad_options, std::move(rule)}; }

bool is_word(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_' || c == '.'; });
}

bool is_loopback(std::string_view address) {
  return address.starts_with("127.") || address == "::1" || address == "localhost";
}

result<void> validate_names(const node_options& options) {
  if (options.name.empty() || options.name.size() > label_characters_max || !is_word(options.name)) {
    return broken("name has 1 to 48 letters, digits, '-', '_' or '.'");
  }
  if (options.workspace.empty() || options.workspace.size() > workspace_characters_max || !is_word(options.workspace)) {
    return broken("workspace has 1 to 64 letters, digits, '-', '_' or '.'");
  }
  return {};
}

result<void> validate_trust(const node_options& options) {
  if (!options.secret.empty() && !options.secret_file.empty())
    return broken("secret and secret_file exclude each other");
  if (!options.secret.empty() && options.secret.size() < secret_characters_min)
    return broken("secret has at least 32 characters");
  const bool secret = !options.secret.empty() || !options.secret_file.empty();
  if (options.older_secrets.size() > 2 || (!options.older_secrets.empty() && options.secret.empty())) {
    return broken("older_secrets are at most two, beside a secret");
  }
  for (const auto& each : options.older_secrets) {
    if (each.size() < secret_characters_min) return broken("each of older_secrets has at least 32 characters");
  }
  if (options.open && secret) return broken("open and a secret exclude each other");
  if (!is_loopback(options.bind) && !secret && !options.open) {
    return broken("bind " + options.bind +
                  " is not loopback: give a secret (askr keygen --secret FILE), or open to let anybody in");
  }
  return {};
}

result<void> validate_tls(const tls_options& tls) {
  if (tls.certificate_file.empty() != tls.key_file.empty()) {
    return broken("tls.certificate_file and tls.key_file belong together");
  }
  if (!tls.certificate_file.empty()) {
    if (tls.handshakes_max == 0 || tls.handshakes_per_second == 0 || tls.handshakes_burst == 0 ||
        tls.handshakes_per_address_per_second == 0 || tls.handshakes_per_address_burst == 0) {
      return broken("tls.handshakes_* are at least 1");
    }
    return {};
  }
  if (!tls.client_ca_file.empty()) return broken("tls.client_ca_file needs tls.certificate_file");
  if (tls.plain == plain_clients::never) return broken("tls.plain never needs tls.certificate_file");
  return {};
}

result<void> validate_limits(const node_options& options) {
  const auto& links = options.links;
  const auto& sessions = options.sessions;
  if (links.lease.count() < 0 || (links.lease.count() > 0 && links.heartbeat * 2 > links.lease)) {
    return broken("links.heartbeat is at most half of links.lease");
  }
  if (links.keys_renewed_after.count() != 0 && links.keys_renewed_after < std::chrono::minutes(5)) {
    return broken("links.keys_renewed_after is 0 or at least 5 minutes");
  }
  if (links.heartbeat < milliseconds(10)) return broken("links.heartbeat is at least 10 ms");
  if (links.outbox_bytes_soft == 0 || links.outbox_bytes_soft > links.outbox_bytes_hard) {
    return broken("links.outbox_bytes_soft is at most links.outbox_bytes_hard");
  }
  if (links.message_bytes_max == 0 || links.message_bytes_max > message_bytes_limit) {
    return broken("links.message_bytes_max is at most 64 MiB");
  }
  if (sessions.message_bytes_max == 0 || sessions.message_bytes_max > message_bytes_limit) {
    return broken("sessions.message_bytes_max is at most 64 MiB");
  }
  if (sessions.refusal_delay.count() < 0 || options.limits.verdict_deadline < milliseconds(1)) {
    return broken("sessions.refusal_delay is 0 or more, and limits.verdict_deadline at least 1 ms");
  }
  if (sessions.output_bytes_soft == 0 || sessions.output_bytes_soft > sessions.output_bytes_hard) {
    return broken("sessions.output_bytes_soft is at most sessions.output_bytes_hard");
  }
  if (options.limits.commands_pending_max == 0 || options.limits.commands_pending_max > 65536) {
    return broken("limits.commands_pending_max is 1 to 65536");
  }
  if (options.limits.strangers_max == 0 || options.limits.handshakes_per_second == 0 ||
      options.limits.handshakes_burst == 0) {
    return broken("limits.strangers_max, handshakes_per_second and handshakes_burst are at least 1");
  }
  if (options.limits.tries_max == 0) return broken("limits.tries_max is at least 1");
  if (options.limits.refusals_max == 0) return broken("limits.refusals_max is at least 1");
  if (!(options.limits.retry_share >= 0) || options.limits.retry_window < milliseconds(10)) {
    return broken("limits.retry_share is 0 or more, and limits.retry_window at least 10 ms");
  }
  if (options.events.streams_max == 0 || options.events.streams_per_origin_max == 0) {
    return broken("events.streams_max and events.streams_per_origin_max are at least 1");
  }
  if (options.busy_poll < microseconds(0) || options.busy_poll > seconds(1)) {
    return broken("busy_poll is 0 to 1 second");
  }
  if (options.limits.commands_known_max == 0) return broken("limits.commands_known_max is at least 1");
  if (options.limits.sessions_max > 65535 || options.limits.peers_max > 65535) {
    return broken("limits.sessions_max and limits.peers_max are at most 65535");
  }
  return {};
}

}  // namespace

result<void> validate(const node_options& options) {
  if (auto names = validate_names(options); !names) return names;
  if (auto trust = validate_trust(options); !trust) return trust;
  if (auto tls = validate_tls(options.tls); !tls) return tls;
  return validate_limits(options);
}

}  // namespace askr
