// SPDX-License-Identifier: MIT
#pragma once

/// One connection of a node, over TCP or a unix socket: sniffs by the first byte whether a peer or a client is at the
/// other end, and then carries bytes between the socket and a link or a session. All rules are theirs; this only reads
/// and writes.

#include "libaskr/src/caller.hpp"
#include "libaskr/src/handler_memory.hpp"
#include "libaskr/src/stranger_gate.hpp"
#include "mesh/dialer.hpp"
#include "transport/io/unix_socket.hpp"
#include "transport/link.hpp"
#include "transport/link_pace.hpp"
#include "transport/tls.hpp"

#include <askr/authenticator.hpp>

#include <asio/ip/address.hpp>
#include <asio/steady_timer.hpp>

#include <memory>
#include <optional>
#include <string>

namespace askr {

class node_shell;
struct client_row;
struct peer;

class connection : public std::enable_shared_from_this<connection> {
 public:
  connection(node_shell& shell, transport::stream_socket socket);

  /// The other side connected to us.
  void start_accepted();
  /// We connected to it.
  void start_dialed(const mesh::dial_request& request);
  /// What start_dialed() was given, until it has come to something; dial 0: nothing.
  const mesh::dial_request& dialed() const noexcept { return dialed_; }

  /// Seals what the core has for this link into records, and writes.
  void flush_link();
  /// Writes what the session has to say; closes when it has ended.
  void flush_session();
  /// About the peer of a link that is up.
  void ask_again();
  /// A link that is up: it was opened by one of these secrets,
  bool opened_by(const crypto::keyring& keys) const { return link_ && keys.has(link_->workspace()); }
  /// and by our dial.
  bool was_dialed() const { return link_ && link_->side() == transport::role::initiator; }
  void on_client_verdict(result<principal> verdict);
  /// Writes what is left, then closes. For the core's own reasons.
  void close_link(const error& why);
  /// The node stops: says what is left, and ends when the other side has heard it.
  void finish();
  /// At once.
  void close(const error& why);

 private:
  enum class door : std::uint8_t { unknown, link, session };

  /// Of a client that speaks TLS. The session is opened when hands are shaken.
  struct tls_side {
    byte_buffer hello;  ///< The first record, until it is whole;
    std::optional<tls::channel> channel;
    bool shaking = false;  ///< Counts as a handshake under way.
  };

  void prepare_socket();
  void wait_readable();
  void on_readable();
  void wait_for_link_bytes();
  void on_link_bytes(std::size_t bytes);
  void on_bytes(mutable_byte_span received);
  void on_first_bytes(mutable_byte_span received);
  void become_link(transport::role side);
  void drive_link();
  bool may_answer();
  void ask_about_peer();
  void ask_authenticator();
  void on_peer_verdict(result<principal> verdict);
  void on_review(result<principal> verdict);
  void link_is_up(principal who);
  std::size_t unsent_bytes();
  void fill_link_output(peer& to);
  std::string reached_at() const;
  bool open_session(tls::shown_certificate certificate = {});
  bool session_must_wait();
  byte_span session_output(client_row& client);
  void become_tls();
  void on_tls_bytes(mutable_byte_span received);
  void feed_tls(byte_span received);
  bool open_tls_session();
  bool begin_tls_handshake();
  void end_tls_handshake();
  void write(byte_span output);
  byte_span consume(std::size_t written);
  void wait_writable();
  time_point due() const;
  void arm_timer();
  void on_timer(time_point now);
  void shutdown_send();
  void no_longer_stranger(bool failed = false);

  node_shell& shell_;
  std::shared_ptr<node_shell> keep_shell_;
  transport::stream_socket socket_;
  handler_memory read_memory_;
  asio::steady_timer timer_;
  time_point timer_due_ = time_point::max();
  time_point stuck_due_ = time_point::max();  ///< Output that has not moved by then closes the connection.
  bool unix_ = false;
  transport::link_pace pace_;
  asio::ip::address address_;  ///< Of the other end; loopback for a unix socket.
  std::string remote_;         ///< "192.168.1.5:40312", or "unix".
  door door_ = door::unknown;
  bool open_ = true;
  stranger_gate::ticket stranger_ = 0;  ///< 0: it has shown who it is.
  bool waiting_readable_ = false;
  bool reading_paused_ = false;
  bool waiting_writable_ = false;
  bool asked_ = false;
  bool under_review_ = false;  ///< The authenticator is asked about the peer once more.
  bool close_when_written_ = false;
  bool shut_down_ = false;
  std::optional<error> closing_;

  std::unique_ptr<transport::link> link_;  ///< Clients have none.
  link_id link_number_ = no_link;
  byte_buffer link_input_;  ///< Records are opened in it, in place. Pages that were never read into cost nothing.
  mesh::dial_request dialed_;
  time_point opened_;

  session_id session_ = no_session;
  std::unique_ptr<tls_side> tls_;
};

}  // namespace askr
