// SPDX-License-Identifier: MIT
#include "libaskr/src/connection.hpp"

#include "libaskr/src/node_shell.hpp"

#include <asio/buffer.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>

#include <algorithm>
#include <cstring>

namespace askr {
namespace {

constexpr int reads_per_turn = 4;  // Then others have their turn.

/// An IPv4 connection to a socket for both families shows its address inside an IPv6 one.
asio::ip::address plain(const asio::ip::address& shown) {
  if (!shown.is_v6() || !shown.to_v6().is_v4_mapped()) return shown;
  return asio::ip::make_address_v4(asio::ip::v4_mapped, shown.to_v6());
}

/// What a stranger is to blame for: a peer that gave up or came late is not.
bool is_failure(errc why) {
  return why == errc::unauthenticated || why == errc::unsupported || why == errc::bad_message || why == errc::too_large;
}

error why_reading_failed(const asio::error_code& failed) {
  return {errc::closed, failed == asio::error::eof ? "the other side closed" : failed.message()};
}

}  // namespace

connection::connection(node_shell& shell, transport::stream_socket socket)
    : shell_(shell),
      keep_shell_(shell.shared_from_this()),
      socket_(std::move(socket)),
      timer_(shell.executor()),
      opened_(clock::now()) {}

void connection::prepare_socket() {
  asio::error_code ignored;
  socket_.non_blocking(true, ignored);
  const auto remote = socket_.remote_endpoint(ignored);
  unix_ = remote.protocol().family() == AF_UNIX;
  if (unix_) {
    address_ = asio::ip::address_v4::loopback();
    remote_ = unix_address;
    return;
  }
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  asio::ip::tcp::endpoint at;
  std::memcpy(at.data(), remote.data(), std::min(remote.size(), at.capacity()));
  address_ = plain(at.address());
  remote_ = endpoint{address_.to_string(), at.port()}.to_string();
}

void connection::start_accepted() {
  prepare_socket();
  stranger_ = shell_.admit_stranger(*this, address_);
  if (stranger_ == 0) return close(error{errc::overloaded, "too many connections that have not authenticated"});
  arm_timer();
  wait_readable();
}

void connection::start_dialed(const mesh::dial_request& request) {
  prepare_socket();
  dialed_ = request;
  become_link(transport::role::initiator);
  drive_link();
  if (open_) wait_readable();
}

void connection::become_link(transport::role side) {
  door_ = door::link;
  transport::peer_hello hello;
  hello.incarnation = shell_.core().members().self().life;
  hello.name = shell_.name();
  hello.credential = shell_.authenticator().credential();
  const auto& limits = shell_.options().links;
  link_ = std::make_unique<transport::link>(
      transport::link_options{.handshake_deadline = limits.handshake_deadline,
                              .hold_answer = true,
                              .renew_after = limits.keys_renewed_after},
      side, transport::link_setup{.self = shell_.identity(), .workspace = shell_.keys(), .hello = std::move(hello)},
      entropy{}, opened_);
}

void connection::wait_readable() {
  if (waiting_readable_ || !open_) return;
  waiting_readable_ = true;
  if (link_number_ != no_link) return wait_for_link_bytes();
  socket_.async_wait(asio::socket_base::wait_read,
                     remembered_handler(read_memory_, [self = shared_from_this()](asio::error_code failed) {
                       self->waiting_readable_ = false;
                       if (!failed && self->open_) self->on_readable();
                     }));
}

// A link that is up reads into a buffer of its own: unlike waiting, Asio does that without a call to epoll per turn.
void connection::wait_for_link_bytes() {
  link_input_.resize(shell_.scratch().size());
  socket_.async_read_some(asio::buffer(link_input_.data(), link_input_.size()),
                          remembered_handler(read_memory_, [self = shared_from_this()](auto failed, auto bytes) {
                            self->waiting_readable_ = false;
                            if (!self->open_) return;
                            if (failed) return self->close(why_reading_failed(failed));
                            self->on_link_bytes(bytes);
                          }));
}

void connection::on_link_bytes(std::size_t bytes) {
  shell_.begin_turn(clock::now());
  on_bytes(mutable_byte_span(link_input_).first(bytes));
  wait_readable();
  shell_.finish_turn(link_number_);
}

void connection::on_readable() {
  const auto started = clock::now();
  for (int reads = 0; reads < reads_per_turn && open_; ++reads) {
    auto room = shell_.scratch();
    if (link_) room = room.first(std::min(room.size(), link_->wanted_bytes()));
    if (room.empty()) return;  // The authenticator's verdict comes first; it starts reading again.
    asio::error_code failed;
    const auto bytes = socket_.read_some(asio::buffer(room.data(), room.size()), failed);
    if (failed == asio::error::would_block) break;
    if (failed) return close(why_reading_failed(failed));
    on_bytes(room.first(bytes));
    if (bytes < room.size()) break;
  }
  shell_.warn_if_slow(started, clock::now());
  shell_.touch();
  // A client that does not take its replies is not asked for more commands, nor is one that waits for its verdict.
  reading_paused_ = session_must_wait();
  if (!reading_paused_) wait_readable();
}

bool connection::session_must_wait() {
  if (session_ == no_session) return false;
  const auto* client = shell_.core().sessions().find(session_);
  if (client == nullptr) return false;
  return client->verdict_pending || client->wire.output_bytes() > shell_.options().sessions.output_bytes_soft;
}

void connection::on_bytes(mutable_byte_span received) {
  switch (door_) {
    case door::unknown:
      return tls_ ? on_tls_bytes(received) : on_first_bytes(received);
    case door::link:
      link_->on_bytes(shell_.now(), received);
      return drive_link();
    case door::session:
      if (tls_) return on_tls_bytes(received);
      if (!shut_down_) shell_.core().clients().on_bytes(clock::now(), session_, received);
      return flush_session();
  }
}

void connection::on_first_bytes(mutable_byte_span received) {
  if (received[0] == transport::preface_magic[0]) {
    become_link(transport::role::responder);
    return on_bytes(received);
  }
  if (unix_) return close(error{errc::unsupported, "only nodes come by the unix socket"});
  if (received[0] == tls::first_byte) {
    if (!shell_.tls().offered()) return close(error{errc::unsupported, "TLS is not offered on this port"});
    become_tls();
    return on_bytes(received);
  }
  if (open_session()) on_bytes(received);
}

/// The address of this host at the other end's end, as in a URL; empty if there is none.
std::string connection::reached_at() const {
  asio::error_code failed;
  const auto local = socket_.local_endpoint(failed);
  asio::ip::tcp::endpoint at;
  std::memcpy(at.data(), local.data(), std::min(local.size(), at.capacity()));
  const auto here = plain(at.address());
  if (failed || here.is_unspecified()) return {};
  return here.is_v6() ? "[" + here.to_string() + "]" : here.to_string();
}

bool connection::open_session(tls::shown_certificate certificate) {
  door_ = door::session;
  const auto opened =
      shell_.core().clients().open({.address = address_.to_string(),
                                    .loopback = address_.is_loopback(),
                                    .opened = opened_,
                                    .reached_at = reached_at(),
                                    .tls = tls_ != nullptr,
                                    .certificate = std::move(certificate),
                                    .plain_refused = !tls_ && !shell_.tls().plain_allowed(address_.is_loopback())});
  if (!opened) {
    close(opened.error());
    return false;
  }
  session_ = *opened;
  shell_.sessions().emplace(session_, this);
  return true;
}

void connection::finish() {
  if (door_ == door::link && link_number_ != no_link) {
    flush_link();
  } else if (door_ == door::session) {
    flush_session();
  } else {
    return close(error{errc::closed, "the node was stopped"});
  }
  if (open_ && door_ == door::link) shutdown_send();
}

// --- sessions

void connection::on_client_verdict(result<principal> verdict) {
  shell_.core().clients().on_verdict(clock::now(), session_, std::move(verdict));
  flush_session();
}

void connection::flush_session() {
  if (!open_ || session_ == no_session) return;
  auto* client = shell_.core().sessions().find(session_);
  if (client == nullptr) return;
  if (client->too_slow) return close(error{errc::overloaded, "the client does not take what it is sent"});
  if (client->admitted) no_longer_stranger();
  if (!waiting_writable_) write(session_output(*client));
  if (!open_) return;
  if (client->wire.output_bytes() == 0 && client->wire.wants_shutdown() && !waiting_writable_) shutdown_send();
  if (!open_) return;
  if (tls_) tls_->channel->return_room(shell_.tls().room());
  if (client->wire.finished()) return close(error{errc::closed, "the session ended"});
  if (reading_paused_ && !session_must_wait()) {
    reading_paused_ = false;
    wait_readable();
  }
  arm_timer();
}

void connection::shutdown_send() {
  if (shut_down_) return;
  shut_down_ = true;
  if (tls_) {
    tls_->channel->close();
    write(tls_->channel->output());
    if (!open_) return;
  }
  asio::error_code ignored;
  socket_.shutdown(asio::socket_base::shutdown_send, ignored);
}

// --- both

void connection::write(byte_span output) {
  while (!output.empty() && open_) {
    asio::error_code failed;
    const auto written = socket_.write_some(asio::buffer(output.data(), output.size()), failed);
    if (failed == asio::error::would_block) return wait_writable();
    if (failed) return close(error{errc::closed, failed.message()});
    stuck_due_ = time_point::max();
    output = consume(written);
  }
  if (open_ && close_when_written_) close(closing_.value_or(error{errc::closed}));
}

byte_span connection::consume(std::size_t written) {
  if (door_ == door::link) {
    link_->consume(written);
    return link_->output();
  }
  if (tls_) tls_->channel->consume(written);
  if (session_ == no_session) return tls_->channel->output();
  auto& client = *shell_.core().sessions().find(session_);
  if (!tls_) {
    client.wire.consume(written);
    shell_.core().sessions().refill(client);
  }
  return session_output(client);
}

void connection::wait_writable() {
  if (waiting_writable_) return;
  waiting_writable_ = true;
  if (stuck_due_ == time_point::max()) {
    const auto& options = shell_.options();
    stuck_due_ = clock::now() + (door_ == door::link ? options.links.stuck : options.sessions.stuck);
    arm_timer();
  }
  if (door_ == door::link && !unix_) pace_.on_full(clock::now(), unsent_bytes());
  socket_.async_wait(asio::socket_base::wait_write, [self = shared_from_this()](asio::error_code failed) {
    self->waiting_writable_ = false;
    if (failed || !self->open_) return;
    if (self->door_ == door::link && !self->unix_) self->pace_.on_room(clock::now(), self->unsent_bytes());
    if (self->door_ == door::session) return self->flush_session();
    if (self->tls_) return self->write(self->tls_->channel->output());
    self->write(self->link_->output());
    if (self->open_ && !self->waiting_writable_) self->flush_link();
  });
}

time_point connection::due() const {
  switch (door_) {
    case door::unknown:
      return opened_ + shell_.options().sessions.head_deadline;
    case door::link:
      return link_->next_timeout();
    case door::session:
      break;
  }
  const auto* client = shell_.core().sessions().find(session_);
  return client == nullptr ? time_point::max() : shell_.core().clients().next_timeout(*client);
}

void connection::arm_timer() {
  const auto next = std::min(due(), stuck_due_);
  if (next >= timer_due_ || !open_) return;  // It fires earlier anyway, and looks again then.
  timer_due_ = next;
  timer_.expires_at(next);
  timer_.async_wait([self = shared_from_this()](asio::error_code canceled) {
    if (canceled || !self->open_) return;
    self->timer_due_ = time_point::max();
    self->on_timer(clock::now());
    if (self->open_) self->arm_timer();
  });
}

void connection::on_timer(time_point now) {
  if (now >= stuck_due_) return close(error{errc::overloaded, "the other side does not read"});
  if (now < due()) return;
  switch (door_) {
    case door::unknown:
      return close(error{errc::timed_out, "nothing came before the deadline"});
    case door::link:
      link_->on_timeout(now);
      return drive_link();
    case door::session:
      shell_.core().clients().on_timeout(now, session_);
      return flush_session();
  }
}

void connection::no_longer_stranger(bool failed) {
  if (stranger_ != 0) shell_.forget_stranger(std::exchange(stranger_, 0), failed);
}

void connection::close(const error& why) {
  if (!open_) return;
  open_ = false;
  const auto keep = shared_from_this();
  if (stranger_ != 0) ++shell_.core().counts().strangers_refused;
  no_longer_stranger(is_failure(why.code));
  if (tls_ && session_ == no_session) ++shell_.core().counts().tls_failed;
  end_tls_handshake();
  timer_.cancel();
  asio::error_code ignored;
  socket_.close(ignored);
  auto& core = shell_.core();
  const auto now = clock::now();
  if (dialed_.dial != 0) {
    const bool self = link_ && !link_->peer().id.is_zero() && link_->peer().id == shell_.id();
    core.members().on_dial_failed(now, dialed_.dial, why, self);
  }
  if (link_number_ != no_link) {
    shell_.links().erase(link_number_);
    shell_.log(log_level::info, "link: down name=" + link_->peer().hello.name + " why=" + why.message());
    core.on_link_down(now, link_number_, why);
  }
  if (session_ != no_session) {
    shell_.sessions().erase(session_);
    core.clients().on_closed(now, session_);
  }
  shell_.remove(*this);
  shell_.touch();
}

}  // namespace askr
