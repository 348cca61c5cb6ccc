// SPDX-License-Identifier: MIT
#pragma once

/// What arrives on one link: takes the messages out of opened records, puts chunked ones together again, knows the
/// names the other side has numbered, and opens compressed payloads on demand. docs/protocol.md, "Lanes and chunks".
///
///   byte_span rest = record;
///   for (;;) {
///     const auto message = box.next(rest);
///     if (!message) return close(message.error());
///     switch (message->kind) {
///       case message_kind::none: return;                                            // The record is used up.
///       case message_kind::command: on_command(box.decode_command(*message)); break;
///       ...
///     }
///   }

#include "transport/event_codec.hpp"
#include "transport/name_table.hpp"
#include "transport/wire_codec.hpp"
#include "transport/wire_messages.hpp"

#include <askr/bytes.hpp>
#include <askr/error.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace askr::transport {

class decompressor;

struct inbox_options {
  std::size_t message_bytes_max = 16 << 20;   ///< Payload of one message, after decompression too.
  std::size_t transfers_max = 16;             ///< Chunked messages that are under way at once.
  std::size_t transfer_bytes_max = 64 << 20;  ///< What has come of all of them.
};

class inbox {
 public:
  /// The decompressor must outlive the inbox; many may share one.
  explicit inbox(decompressor& decompressor, const inbox_options& options = {});

  /// The next whole message of a record's plaintext, which is cut off the front of `rest`; kind `none` once there are
  /// no more. Unknown kinds are passed over. The message is valid until the next call, and as long as the record.
  /// Every command and event (relayed and past ones, too) has to be decoded, in order: they carry the definitions of
  /// names. Any failure is the other side's fault and ends the link: errc::bad_message, too_large (a body), overloaded
  /// (too many transfers, or too much in them).
  result<opened_message> next(byte_span& rest);

  result<received_command> decode_command(const opened_message& message);
  result<received_event> decode_event(const opened_message& message);
  result<received_past_event> decode_past_event(const opened_message& message);
  result<received_relayed_event> decode_relayed_event(const opened_message& message);

  /// The payload as it was before compression, valid until the decompressor is next used. Fails with
  /// errc::bad_payload or too_large.
  result<byte_span> plain_bytes(const wire_payload& payload);

  std::uint64_t messages_skipped() const noexcept { return messages_skipped_; }
  std::size_t transfers() const noexcept { return transfers_.size(); }

 private:
  struct transfer {
    std::uint32_t id = 0;
    byte_buffer body;  ///< Grows as pieces come.
  };

  result<bool> take_chunk(const opened_message& message);
  result<transfer*> find_or_start(std::uint32_t id);
  void finish(transfer& done);

  inbox_options options_;
  decompressor& decompressor_;
  received_names commands_;
  received_names topics_;
  std::vector<transfer> transfers_;
  std::size_t transfer_bytes_ = 0;
  byte_buffer whole_;  ///< The body that was completed last.
  std::uint64_t messages_skipped_ = 0;
};

}  // namespace askr::transport
