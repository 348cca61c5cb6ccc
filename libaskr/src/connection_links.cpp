// SPDX-License-Identifier: MIT
// A connection with a peer: between the socket's octets, the link's records and the core's messages.
#include "libaskr/src/connection.hpp"
#include "libaskr/src/node_shell.hpp"

#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>

namespace askr {
namespace {

constexpr int writes_per_turn = 8;
constexpr std::size_t write_bytes_max = 128 << 10;  // What is sealed is beyond priorities.

using user_timeout = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_USER_TIMEOUT>;

}  // namespace

void connection::drive_link() {
  byte_span messages;
  while (open_ && link_number_ != no_link && link_->next_record(messages)) {
    shell_.core().on_link_record(shell_.now(), link_number_, messages);
  }
  if (!open_) return;
  if (link_->state() == transport::link_state::authenticating && !asked_) ask_about_peer();
  if (link_->wants_answer() && !may_answer()) return;
  if (link_->state() == transport::link_state::closed) return close(link_->close_reason());
  // An established link writes when it is flushed, but for what it says by itself: new keys.
  if (link_->state() != transport::link_state::established || (!link_->output().empty() && !waiting_writable_)) {
    write(link_->output());
    arm_timer();
  }
}

bool connection::may_answer() {
  if (!shell_.strangers().may_answer(shell_.now())) {
    ++shell_.core().counts().handshakes_refused;
    close(error{errc::overloaded, "too many handshakes at once"});
    return false;
  }
  shell_.strangers().keep(stranger_);
  link_->answer();
  return true;
}

void connection::link_is_up(principal who) {
  no_longer_stranger();
  const auto& proof = link_->peer();
  asio::error_code ignored;
  if (const auto lease = shell_.options().links.lease; !unix_ && lease.count() > 0) {
    socket_.set_option(user_timeout(static_cast<int>(lease.count())), ignored);
  }
  const auto up =
      shell_.core().members().on_link_up(clock::now(), {.id = proof.id,
                                                        .life = proof.hello.incarnation,
                                                        .name = proof.hello.name,
                                                        .who = std::move(who),
                                                        .dialed = link_->side() == transport::role::initiator,
                                                        .dial = dialed_.dial,
                                                        .address = remote_});
  if (!up) return close(up.error());
  dialed_.dial = 0;
  link_number_ = *up;
  shell_.links().emplace(link_number_, this);
  const bool dialed = link_->side() == transport::role::initiator;
  shell_.log(log_level::info,
             "link: up name=" + proof.hello.name + (dialed ? " dialed" : " accepted") + " address=" + remote_);
}

void connection::flush_link() {
  if (!open_ || link_number_ == no_link) return;
  auto* peer = shell_.core().peers().find(link_number_);
  if (peer == nullptr) return;
  if (peer->out.overflowed()) return close(error{errc::overloaded, "the peer does not take what it is sent"});
  if (!unix_) peer->out.set_bottleneck(pace_.is_bottleneck(shell_.now()));
  // With a write under way what is ready waits, so that the next write carries all of it.
  for (int writes = 0; writes < writes_per_turn && open_ && !waiting_writable_; ++writes) {
    if (peer->out.empty() && link_->output().empty()) return;
    fill_link_output(*peer);
    write(link_->output());
  }
  if (open_ && !waiting_writable_ && !peer->out.empty()) {
    shell_.core().peers().mark_dirty(*peer);
    shell_.touch();
  }
}

// In the kernel's send buffer.
std::size_t connection::unsent_bytes() {
  int bytes = 0;
  return ::ioctl(socket_.native_handle(), SIOCOUTQ, &bytes) == 0 ? static_cast<std::size_t>(bytes) : 0;
}

void connection::fill_link_output(peer& to) {
  while (link_->output().size() < write_bytes_max) {
    const auto messages = to.out.next_record(shell_.records());
    if (messages.empty()) return;
    link_->seal(messages);
  }
}

void connection::close_link(const error& why) {
  if (!open_) return;
  flush_link();
  closing_ = why;
  close_when_written_ = true;
  if (open_ && link_->output().empty()) close(why);
}

}  // namespace askr
