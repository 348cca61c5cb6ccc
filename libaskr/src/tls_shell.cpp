// SPDX-License-Identifier: MIT
#include "libaskr/src/tls_shell.hpp"

#include "libaskr/src/node_setup.hpp"
#include "libaskr/src/node_shell.hpp"

#include <string>

namespace askr {
namespace {

constexpr milliseconds watch_interval = seconds(1);
constexpr std::int64_t expiry_warning_s = 7 * 86'400;

}  // namespace

tls_shell::tls_shell(node_shell& shell, const tls_options& options) : shell_(shell), options_(options) {
  if (options_.certificate_file.empty()) return;
  state_ = transport::state_of(options_);
  auto loaded = transport::load_server_context(options_);
  if (!loaded) throw failure(loaded.error());
  context_ = std::move(loaded).value();
  plain_.resize(tls::record_bytes_max);
}

void tls_shell::start() {
  if (!offered()) return;
  log_certificate();
  timer_ = std::make_unique<asio::steady_timer>(shell_.executor());
  watch();
}

void tls_shell::stop() { timer_.reset(); }

bool tls_shell::plain_allowed(bool loopback) const noexcept {
  if (!offered() || options_.plain == plain_clients::always) return true;
  return options_.plain == plain_clients::loopback && loopback;
}

bool tls_shell::begin_handshake() noexcept {
  if (handshakes_ >= options_.handshakes_max) return false;
  ++handshakes_;
  return true;
}

void tls_shell::watch() {
  timer_->expires_after(watch_interval);
  timer_->async_wait([this, weak = shell_.weak_from_this()](asio::error_code canceled) {
    const auto keep = weak.lock();
    if (canceled || !keep || !timer_) return;
    reload();
    watch();
  });
}

// Certificate and key are written one after the other: what does not fit together yet is tried again at the next
// change.
void tls_shell::reload() {
  const auto state = transport::state_of(options_);
  if (state == state_) return;
  state_ = state;
  auto loaded = transport::load_server_context(options_);
  if (!loaded) {
    return shell_.log(log_level::warning,
                      "tls: files changed, but the old ones stay in use why=" + loaded.error().message());
  }
  context_ = std::move(loaded).value();
  log_certificate();
}

void tls_shell::log_certificate() {
  const auto left_s = context_->expires() - static_cast<std::int64_t>(wall_now() / 1000);
  shell_.log(left_s < expiry_warning_s ? log_level::warning : log_level::info,
             "tls: certificate subject=" + context_->subject() +
                 (left_s < 0 ? " EXPIRED" : " expires in days=" + std::to_string(left_s / 86'400)));
}

}  // namespace askr
