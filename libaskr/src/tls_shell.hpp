// SPDX-License-Identifier: MIT
#pragma once

/// What all TLS connections of a node have in common: the certificate, read again when its files change, the memory
/// that they take turns to use, and how many handshakes may be under way.

#include "transport/io/tls_files.hpp"

#include <askr/bytes.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/steady_timer.hpp>

#include <memory>
#include <optional>

namespace askr {

class node_shell;

class tls_shell {
 public:
  /// Throws failure(errc::bad_key_file) if there is to be TLS and its files are no good.
  explicit tls_shell(node_shell& shell, const tls_options& options);

  /// Says whose certificate it is, and watches the files.
  void start();
  void stop();

  bool offered() const noexcept { return context_.has_value(); }
  const tls::context& context() const noexcept { return *context_; }
  /// Whether a client may come without TLS.
  bool plain_allowed(bool loopback) const noexcept;

  /// False: too many handshakes are under way.
  bool begin_handshake() noexcept;
  void end_handshake() noexcept { --handshakes_; }

  /// Where plain text goes for as long as it is looked at.
  mutable_byte_span plain() noexcept { return plain_; }
  /// Memory for the output of a channel that has none.
  byte_buffer& room() noexcept { return room_; }

 private:
  void watch();
  void reload();
  void log_certificate();

  node_shell& shell_;
  const tls_options& options_;
  std::optional<tls::context> context_;
  transport::tls_files_state state_;
  std::unique_ptr<asio::steady_timer> timer_;
  std::size_t handshakes_ = 0;
  byte_buffer plain_;
  byte_buffer room_;
};

}  // namespace askr
