// SPDX-License-Identifier: MIT
#pragma once

/// TLS without a socket: what comes from one goes in as it is, and what was meant comes out, and the other way round.
/// For clients only (wss://); links between nodes have Noise. TLS 1.2 and 1.3, no renegotiation, no resumption, ALPN
/// http/1.1. OpenSSL does the work; nothing of it shows here. Why not asio::ssl: docs/adr/0008-tls-without-a-socket.md

#include <askr/bytes.hpp>
#include <askr/error.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct ssl_ctx_st;
struct ssl_st;

namespace askr::tls {

/// The first byte of a connection that speaks TLS. Source: RFC 8446, section 5.1 (handshake).
inline constexpr std::uint8_t first_byte = 0x16;
/// Of plain text in one record. Source: RFC 8446, section 5.1.
inline constexpr std::size_t record_bytes_max = 1 << 14;
/// What a ClientHello may have; browsers' have 2 KiB.
inline constexpr std::size_t hello_bytes_max = 8 << 10;

/// How much there is to a connection's first record.
enum class first_record : std::uint8_t { incomplete, whole, refused };
/// Looks at no more than the record's header: the rest is OpenSSL's.
first_record look_at_hello(byte_span received) noexcept;

/// Text in PEM, and what to call it when something is wrong with it: a file's name.
struct pem {
  std::string_view name;
  std::string_view text;
};

struct server_files {
  pem certificate;     ///< The server's own, then those between it and a root.
  pem key;             ///< Its private key, not encrypted.
  pem client_ca = {};  ///< Whom to believe about clients; no text: they are not asked.
};

struct client_files {
  pem ca = {};           ///< Whom to believe; no text: the system's authorities.
  pem certificate = {};  ///< Shown if the server asks; no text: none.
  pem key = {};
};

/// Keys and rules of many connections; cheap to copy. What a channel began with stays valid for it.
class context {
 public:
  /// Fail with errc::bad_key_file, naming the file.
  static result<context> server(const server_files& files);
  static result<context> client(const client_files& files);

  /// Of the own certificate: its subject, and when it expires in seconds since 1970; 0: there is none.
  const std::string& subject() const noexcept { return subject_; }
  std::int64_t expires() const noexcept { return expires_; }

 private:
  friend class channel;
  context() = default;
  result<void> use_certificate(const pem& certificate, const pem& key);

  std::shared_ptr<ssl_ctx_st> handle_;
  std::string subject_;
  std::int64_t expires_ = 0;
};

/// What the certificate says that the other side has proved to hold.
struct shown_certificate {
  std::string subject = {};                     ///< As RFC 4514 writes it; empty: it showed none.
  std::vector<std::string> organizations = {};  ///< The subject's O.
  std::int64_t expires = 0;                     ///< Seconds since 1970: it, or the first of those that vouch for it.
};

/// One connection. Octets received are given once and taken as plain text until there is no more; octets to be sent
/// gather in output().
class channel {
 public:
  /// The server's side.
  explicit channel(const context& with);
  /// The client's: the certificate must be one for `host`, a DNS name or an IP address.
  channel(const context& with, const std::string& host);
  ~channel();
  channel(const channel&) = delete;
  channel& operator=(const channel&) = delete;

  /// `received` must stay until next() has returned nothing.
  void on_bytes(byte_span received) noexcept { input_ = received; }
  /// The next piece of plain text, in `room`, which has at least record_bytes_max bytes. Nothing: wait for more, or
  /// look at the state.
  mutable_byte_span next(mutable_byte_span room);
  /// Encrypts; to be called only while established.
  void seal(byte_span plain);
  /// Says that nothing more will be said.
  void close();

  bool established() const noexcept { return established_; }
  /// The other side says nothing more, or something is wrong: output() may still have an alert about it.
  bool ended() const noexcept { return ended_.has_value(); }
  const error& why_ended() const noexcept { return *ended_; }
  shown_certificate peer() const;

  byte_span output() const noexcept { return byte_span(output_).subspan(written_); }
  void consume(std::size_t bytes);
  /// Many channels share the memory of their output(): one that has something to say borrows it, and returns it once
  /// that is written. Neither does anything when it is not the time for it.
  void borrow_room(byte_buffer& from) noexcept;
  void return_room(byte_buffer& to) noexcept;

 private:
  friend struct channel_bio;

  bool shake_hands();
  void fail(int outcome);

  std::unique_ptr<ssl_st, void (*)(ssl_st*)> ssl_;
  byte_span input_;
  byte_buffer output_;
  std::size_t written_ = 0;
  bool established_ = false;
  std::optional<error> ended_;
};

}  // namespace askr::tls
