// SPDX-License-Identifier: MIT
#pragma once

/// One connection between two nodes, without a socket: bytes in, messages out, and back. docs/protocol.md, "Links".
///
/// A link goes through four states. `handshaking`: the preface and three Noise messages (XXpsk0) prove that the peer
/// knows the workspace's secret and holds its keys; a responder says nothing at all before the first message has proven
/// the former. `authenticating`: the owner shows `peer()` to its authenticator; no record is opened, what arrives
/// waits. `established`: records are opened and sealed. `closed`: with a reason, for good.
///
/// A turn of the owner: on_bytes(), then next_record() or next_message() until it is false, then seal() what there is
/// to say, and write output(). Records are opened in place, in the bytes that on_bytes() was given.
///
/// Every hour the two ends run a second handshake inside the link and go over to its keys, so that what leaks later
/// opens an hour at most. The owner sees nothing of it but a timeout and some output. docs/protocol.md, "New keys".

#include "crypto/identity.hpp"
#include "crypto/keyring.hpp"
#include "crypto/noise_handshake.hpp"
#include "transport/peer_hello.hpp"
#include "transport/record_codec.hpp"

#include <askr/bytes.hpp>
#include <askr/error.hpp>
#include <askr/random.hpp>
#include <askr/time.hpp>

#include <array>
#include <memory>
#include <optional>
#include <string_view>

namespace askr::transport {

using crypto::role;

inline constexpr std::uint8_t wire_major = 1;
inline constexpr std::size_t preface_bytes = 8;
/// What the first bytes of a link are; the first is neither text nor TLS nor the start of a msgpack object.
inline constexpr std::array<std::uint8_t, 5> preface_magic{0xc1, 'a', 's', 'k', 'r'};

/// AES-256-GCM where the CPU computes it, else ChaCha20-Poly1305. The number is the preface's suite.
crypto::cipher_kind preferred_suite() noexcept;

struct link_options {
  milliseconds handshake_deadline = 5s;           ///< From the connection to the verdict; bytes do not extend it.
  std::size_t handshake_message_bytes_max = 512;  ///< Longer ones are refused by their length field.
  /// All that a link keeps of what a peer sent before it was admitted; more closes it with errc::too_large.
  std::size_t unadmitted_bytes_max = 4'096;
  /// A responder does not answer a first message by itself: the owner calls answer(), if it can afford the work.
  bool hold_answer = false;
  milliseconds renew_after = 1h;  ///< New keys after so long, a tenth more or less by chance (0 = never),
  std::uint64_t renew_after_bytes = std::uint64_t{1} << 40;  ///< or after so much, both ways together.
  milliseconds renew_apart_min = 1min;                       ///< A peer that wants new keys sooner again is closed.
  milliseconds renew_deadline = 30s;                         ///< From the first to the last message of a renewal.
};

/// Features of a hello. A link sets its own bit by itself.
inline constexpr std::uint64_t feature_renewal = 1;  ///< Understands new keys inside a link.

/// Who this side is. `self` is used for every handshake of the link: it must live as long.
struct link_setup {
  const crypto::identity& self;
  std::shared_ptr<const crypto::keyring> workspace;  ///< The newest to dial with; a responder takes any of them.
  peer_hello hello = {};                             ///< Must be valid; sign_key is filled in from `self`.
  crypto::cipher_kind suite = preferred_suite();     ///< The initiator's choice.
};

enum class link_state : std::uint8_t { handshaking, authenticating, established, closed };

std::string_view to_string(link_state state) noexcept;

class link {
 public:
  /// An initiator has its first bytes in output() at once.
  link(const link_options& options, role side, link_setup setup, entropy random, time_point now);
  link(link&&) noexcept;
  link& operator=(link&&) noexcept;
  ~link();

  /// `received` is overwritten, and must stay as it is until next_record() or next_message() is false.
  void on_bytes(time_point now, mutable_byte_span received);
  /// How much the owner should read at most before it calls on_bytes: little from a stranger, 0 to wait, then plenty.
  std::size_t wanted_bytes() const noexcept;
  /// The next record's content, all its framed messages at once and unchecked, valid until the next call of this,
  /// on_bytes() or the destructor. False: there is none.
  bool next_record(byte_span& messages);
  /// The same, message by message: checks the framing (errc::bad_message closes the link) and gives the body.
  bool next_message(byte_span& body);

  /// With `hold_answer`: the peer has proven the workspace's secret, and answering it costs 150 us.
  bool wants_answer() const noexcept { return wants_answer_; }
  void answer();

  /// Safe to call early or late. May leave output.
  void on_timeout(time_point now);
  /// time_point::max(): nothing to wait for.
  time_point next_timeout() const noexcept;

  /// What the handshake proved; in states authenticating and established, and after them.
  const peer_proof& peer() const noexcept { return peer_; }
  /// Which of the workspace's secrets opened it.
  const crypto::workspace_hash& workspace() const noexcept { return workspace_->hash; }
  /// The authenticator's verdict. Ignored unless the link waits for it. After admit() there may be messages already.
  void admit();
  void refuse(errc why);

  /// Seals whole, framed messages as one record into output(): 1 to record_plaintext_bytes_max bytes. False, and
  /// nothing is sent, unless the link is established.
  bool seal(byte_span messages);
  /// What to write. Valid until the next call that is not const.
  byte_span output() const noexcept { return byte_span(output_).subspan(output_from_); }
  /// The first `bytes` of output() are written.
  void consume(std::size_t bytes);

  /// Ends the link from this side. The first reason stays.
  void close(error why);
  link_state state() const noexcept { return state_; }
  role side() const noexcept { return side_; }
  /// Why the link is closed; of no meaning before.
  const error& close_reason() const noexcept { return close_reason_; }

 private:
  struct handshake;
  struct renewal;

  crypto::handshake_state make_noise(byte_span more) const;
  void start_noise(const crypto::workspace_keys& workspace);
  bool open_first(byte_span message, byte_buffer& payload);
  void advance_handshake();
  bool read_preface();
  bool read_handshake_message();
  void on_handshake_message(byte_span message);
  void respond_to_first(byte_span payload);
  void write_handshake_message(byte_span payload);
  void finish_handshake(byte_span hello);
  void take_front(std::size_t bytes);

  void plan_renewal(time_point now);
  void count_bytes(std::uint64_t bytes) noexcept;
  void start_renewal(time_point now);
  void on_renewal(byte_span record);
  bool answer_renewal(byte_span message);
  bool finish_renewal(byte_span message);
  bool end_renewal(byte_span message);
  bool take_renewed_keys();
  bool read_renewal(byte_span message);
  bool say_renewal(std::uint8_t step);

  bool open_next_record();
  bool open_received();
  bool on_outcome(const record_opener::outcome& outcome);
  bool top_up_waiting();

  link_options options_;
  role side_;
  link_state state_ = link_state::handshaking;
  time_point deadline_;
  const crypto::identity* self_;
  std::shared_ptr<const crypto::keyring> ring_;
  const crypto::workspace_keys* workspace_;  // That of the ring which both ends use.
  std::array<std::uint8_t, preface_bytes> preface_{};
  std::unique_ptr<handshake> handshake_;  // Null once it is over.
  bool wants_answer_ = false;
  peer_proof peer_;
  error close_reason_{errc::closed};

  std::optional<record_sealer> sealer_;
  std::optional<record_opener> opener_;
  std::unique_ptr<renewal> renewal_;  // One is under way.
  entropy random_;
  time_point heard_at_;
  time_point renew_due_ = time_point::max();  // For the initiator to begin.
  time_point renew_from_;                     // For the responder to allow.
  std::uint64_t bytes_left_ = 0;              // With these keys.
  byte_buffer waiting_;                       // A cut-off record, or all there is before admission.
  std::size_t waiting_from_ = 0;              // What of it is opened already.
  mutable_byte_span received_;                // What of on_bytes()'s bytes is not opened yet.
  byte_span messages_;                        // What of the last record is not returned yet.
  byte_buffer output_;
  std::size_t output_from_ = 0;
};

}  // namespace askr::transport
