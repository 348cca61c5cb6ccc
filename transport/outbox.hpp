// SPDX-License-Identifier: MIT
#pragma once

/// What leaves by one link: messages, already encoded, in lanes, from which records are filled by priority. A turn
/// appends; at its end the link seals what next_record() gives and writes it once. docs/protocol.md, "Lanes and
/// chunks".
///
/// The intuition: a lane is a byte buffer with a front that moves. Small messages go to the lane of their kind. A
/// command or reply with a large payload is cut into chunks in the bulk lane, so that small ones pass it by; a large
/// event is cut inside the event lane, because events of one topic must stay in order. As long as several lanes wait,
/// the bulk and event lanes get one chunk's room in every record and the others share the rest, so nobody starves and
/// a small command waits for at most one record.

#include "transport/event_codec.hpp"
#include "transport/name_table.hpp"
#include "transport/stream_codec.hpp"
#include "transport/wire_messages.hpp"

#include <askr/bytes.hpp>
#include <askr/options.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace askr::transport {

class compressor;

/// The largest piece of a message that travels by itself. Four chunks fill a record.
inline constexpr std::size_t chunk_bytes_max = 16'360;

struct outbox_options {
  std::size_t bytes_soft = 8 << 20;           ///< Above it events are dropped and commands are refused.
  std::size_t bytes_hard = 16 << 20;          ///< Above it nothing is taken any more: the link has to close.
  std::size_t message_bytes_max = 16 << 20;   ///< Payload of one message; larger is refused.
  std::size_t chunk_bytes = chunk_bytes_max;  ///< Payloads above it are cut. 1 to chunk_bytes_max.
  std::size_t record_bytes = 65'519;          ///< Taken at once, at most: what a record of a link holds.
  std::size_t compression_bytes_min = 256;    ///< Smaller payloads are never compressed.
  compression_mode compression = compression_mode::adaptive;
};

/// What became of a message.
enum class admission : std::uint8_t {
  queued,
  overloaded,  ///< The outbox is above its soft limit (for replies and control: its hard limit).
  too_large,   ///< Above message_bytes_max.
};

class outbox {
 public:
  /// Without a compressor nothing is compressed. It must outlive the outbox; many may share one.
  explicit outbox(const outbox_options& options = {}, compressor* compressor = nullptr);

  [[nodiscard]] admission append_command(const sent_command& command);
  /// A refused event is dropped, and counted if the cause is load.
  [[nodiscard]] admission append_event(const sent_event& event);
  [[nodiscard]] admission append_relayed_event(const relayed_event& event);
  [[nodiscard]] admission append_past_event(const past_event& event);
  /// What is said about events stays in order with them; only a pull overtakes.
  [[nodiscard]] admission append_skipped(const skipped_message& skipped);
  [[nodiscard]] admission append_pull(const pull_message& pull);
  [[nodiscard]] admission append_gap(const gap_message& gap);
  /// Any number of rows: as many messages as it takes.
  [[nodiscard]] admission append_heads(std::span<const topic_head> last);
  [[nodiscard]] admission append_interest_applied(std::uint64_t interest, std::span<const topic_head> next);
  /// A reply too large, or large while the outbox is above soft, is replaced by the failure that says so, so the
  /// command still gets its one outcome. Refused replies of any other kind mean that the link must close.
  [[nodiscard]] admission append_reply(const reply_message& reply);
  /// Never overtakes the command it cancels.
  [[nodiscard]] admission append_cancel(std::uint64_t mid);
  /// Parts of one answer stay in order, and so does the reply that ends it, if it is marked: all of them go by the reply
  /// lane, the large ones in chunks.
  [[nodiscard]] admission append_part(const part_message& part);
  /// Goes behind its command.
  [[nodiscard]] admission append_credit(const credit_message& credit);

  [[nodiscard]] admission append_ping(const ping_message& ping);
  [[nodiscard]] admission append_observed(std::string_view endpoint);
  [[nodiscard]] admission append_link_wanted(bool wanted);
  /// For another node: it goes with the commands, and is refused like them. At most chunk_bytes_max.
  [[nodiscard]] admission append_routed(byte_span body);
  /// A message body about the view, already encoded.
  [[nodiscard]] admission append_control(byte_span body);
  /// Always taken, and goes out behind everything else that waits.
  void append_bye(const bye_message& bye);

  /// The next record's plaintext: whole messages, at most 65,519 bytes; empty when nothing is left. Valid until the
  /// outbox or `scratch` is next touched. Lies in a lane if only one waits, else it is gathered in `scratch`.
  /// What was taken is beyond priorities: a link should take a few records (128 KiB) per write, not all there is.
  [[nodiscard]] byte_span next_record(byte_buffer& scratch);

  bool empty() const noexcept { return queued_bytes() == 0; }
  std::size_t queued_bytes() const noexcept;
  bool above_soft() const noexcept { return queued_bytes() > options_.bytes_soft; }
  /// True once a message was refused that must not be lost: close the link with errc::overloaded.
  bool overflowed() const noexcept { return overflowed_; }
  std::uint64_t events_dropped() const noexcept { return events_dropped_; }

  /// Whether the link is slower than what it is given; with compression_mode::adaptive payloads are compressed then.
  void set_bottleneck(bool is_bottleneck) noexcept { bottleneck_ = is_bottleneck; }

 private:
  enum lane_index : std::size_t { control, reply, command, event, bulk, farewell, lanes_count };

  /// Framed messages in the order of their coming. What was taken is cut off the front now and then.
  class lane {
   public:
    std::size_t size() const noexcept { return bytes_.size() - head_; }
    /// Starts a message: write its body to the returned buffer, then call end().
    byte_buffer& begin();
    void end();
    /// As many whole messages from the front as fit.
    byte_span take(std::size_t bytes_max);
    /// Gives memory back that was not needed for a while. Only while empty.
    void trim();

   private:
    byte_buffer bytes_;
    std::size_t head_ = 0;
    std::size_t message_ = 0;  ///< Where the last message starts.
    std::size_t peak_ = 0;     ///< Since the last trim().
    std::uint32_t quiet_trims_ = 0;
  };

  bool is_large(const wire_payload& payload) const noexcept { return payload.bytes.size() > options_.chunk_bytes; }
  wire_payload squeezed(const wire_payload& payload, bool secret);
  bool admit_essential();
  template <class Message, class... Name>
  void append_with_payload(lane& to, const Message& message, const Name&... name);
  template <class Event>
  admission append_droppable(const Event& message);
  template <class Message>
  admission append_about_events(const Message& message);
  void append_chunks(lane& to, byte_span front, byte_span back);
  byte_span gather(byte_buffer& scratch);

  outbox_options options_;
  compressor* compressor_;
  std::array<lane, lanes_count> lanes_;
  sent_names commands_;
  sent_names topics_;
  byte_buffer head_;  ///< The front of a message that is cut into chunks.
  std::uint32_t transfers_ = 0;
  std::uint64_t records_ = 0;
  std::uint64_t events_dropped_ = 0;
  bool bottleneck_ = false;
  bool overflowed_ = false;
};

}  // namespace askr::transport
