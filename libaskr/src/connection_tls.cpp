// SPDX-License-Identifier: MIT
// A client that speaks TLS: between the socket's octets and the session's. A session is opened when hands are shaken.
#include "libaskr/src/connection.hpp"
#include "libaskr/src/node_shell.hpp"

#include <algorithm>

namespace askr {
namespace {

constexpr std::size_t seal_bytes_max = 64 << 10;  // What is sealed is beyond the session's limits.

}  // namespace

void connection::become_tls() { tls_ = std::make_unique<tls_side>(); }

// Nothing is made of a client before its first record is whole: who sends an octet now and then costs those octets.
void connection::on_tls_bytes(mutable_byte_span received) {
  if (!tls_->channel) {
    const auto taken = std::min(received.size(), tls::hello_bytes_max - tls_->hello.size());
    append(tls_->hello, received.first(taken));
    switch (tls::look_at_hello(tls_->hello)) {
      case tls::first_record::incomplete:
        return;
      case tls::first_record::refused:
        return close(error{errc::bad_message, "this is no TLS"});
      case tls::first_record::whole:
        break;
    }
    if (!begin_tls_handshake()) return;
    tls_->channel.emplace(shell_.tls().context());
    feed_tls(std::exchange(tls_->hello, {}));
    received = received.subspan(taken);
    if (received.empty() || !open_) return;
  }
  feed_tls(received);
}

void connection::feed_tls(byte_span received) {
  auto& channel = *tls_->channel;
  channel.on_bytes(received);
  channel.borrow_room(shell_.tls().room());
  for (;;) {
    const auto plain = channel.next(shell_.tls().plain());
    if (channel.established() && session_ == no_session && !open_tls_session()) return;
    if (plain.empty()) break;
    if (!shut_down_) shell_.core().clients().on_bytes(clock::now(), session_, plain);
  }
  if (channel.ended()) {
    write(channel.output());  // The alert that says what was wrong.
    return close(channel.why_ended());
  }
  if (session_ != no_session) return flush_session();
  write(channel.output());
  channel.return_room(shell_.tls().room());
}

bool connection::open_tls_session() {
  ++shell_.core().counts().tls_opened;
  end_tls_handshake();
  return open_session(tls_->channel->peer());
}

bool connection::begin_tls_handshake() {
  const bool allowed = shell_.strangers().may_shake_hands(clock::now(), stranger_) && shell_.tls().begin_handshake();
  if (allowed) {
    tls_->shaking = true;
    return true;
  }
  ++shell_.core().counts().tls_refused;
  tls_.reset();  // It has not failed.
  close(error{errc::overloaded, "too many TLS handshakes"});
  return false;
}

void connection::end_tls_handshake() {
  if (!tls_) return;
  if (std::exchange(tls_->shaking, false)) shell_.tls().end_handshake();
}

/// What the socket gets next: the rest of what is sealed, or some more of what the session has to say.
byte_span connection::session_output(client_row& client) {
  if (!tls_) return client.wire.output();
  auto& channel = *tls_->channel;
  if (channel.output().empty() && !channel.ended()) {
    const auto plain = client.wire.output();
    if (plain.empty()) return {};
    channel.borrow_room(shell_.tls().room());
    const auto part = plain.first(std::min(plain.size(), seal_bytes_max));
    channel.seal(part);
    client.wire.consume(part.size());
    shell_.core().sessions().refill(client);
  }
  return channel.output();
}

}  // namespace askr
