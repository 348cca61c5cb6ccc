// SPDX-License-Identifier: MIT
#include "transport/link.hpp"

#include <askr/assert.hpp>

#include <algorithm>
#include <utility>

namespace askr::transport {
namespace {

constexpr std::size_t message_head_bytes = 2;
// The most a read of the owner's brings, and the most of a bigger buffer that an idle link keeps.
constexpr std::size_t read_bytes_max = 64 << 10;
constexpr std::size_t idle_buffer_bytes_max = 4 << 10;

std::array<std::uint8_t, preface_bytes> preface_for(crypto::cipher_kind suite) noexcept {
  std::array<std::uint8_t, preface_bytes> preface{};
  std::copy(preface_magic.begin(), preface_magic.end(), preface.begin());
  preface[5] = wire_major;
  preface[6] = static_cast<std::uint8_t>(suite);
  return preface;
}

bool is_start_of_preface(byte_span bytes, crypto::cipher_kind suite) noexcept {
  const auto preface = preface_for(suite);
  const auto compared = std::min(bytes.size(), preface.size());
  return std::equal(preface.begin(), preface.begin() + compared, bytes.begin());
}

// Parsed once: the same for every link of the process, and never changed.
const crypto::noise_protocol& protocol_of(crypto::cipher_kind suite) {
  static const auto aes = crypto::noise_protocol::parse("Noise_XXpsk0_25519_AESGCM_BLAKE2b").value();
  static const auto chacha = crypto::noise_protocol::parse("Noise_XXpsk0_25519_ChaChaPoly_BLAKE2b").value();
  return suite == crypto::cipher_kind::aes_gcm ? aes : chacha;
}

// Inside a record: where a message's length would stand, 0; then which message of a renewal it is.
constexpr std::size_t renewal_head_bytes = 3;
enum renewal_step : std::uint8_t { renewal_first = 1, renewal_second, renewal_third, renewal_switched };

bool is_about_keys(byte_span record) noexcept { return record.size() >= 2 && record[0] == 0 && record[1] == 0; }

std::size_t big_endian_16(byte_span at) noexcept { return static_cast<std::size_t>(at[0]) << 8 | at[1]; }

void release_if_large(byte_buffer& buffer) {
  buffer.clear();
  if (buffer.capacity() > idle_buffer_bytes_max) byte_buffer().swap(buffer);
}

}  // namespace

// What only the handshake needs; gone, with its secrets, when it is over.
struct link::handshake {
  byte_buffer hello;
  bool preface_read = false;
  std::optional<crypto::handshake_state> noise;  // A responder has it once it has the first message.
};

struct link::renewal {
  crypto::handshake_state noise;
  std::optional<crypto::cipher_state> next = {};  // What the peer's records will be opened with.
};

crypto::cipher_kind preferred_suite() noexcept {
  return crypto::aes_in_hardware() ? crypto::cipher_kind::aes_gcm : crypto::cipher_kind::chacha_poly;
}

std::string_view to_string(link_state state) noexcept {
  constexpr std::array<std::string_view, 4> names{"handshaking", "authenticating", "established", "closed"};
  return names[static_cast<std::size_t>(state)];
}

link::link(const link_options& options, role side, link_setup setup, entropy random, time_point now)
    : options_(options),
      side_(side),
      deadline_(now + options.handshake_deadline),
      self_(&setup.self),
      ring_(std::move(setup.workspace)),
      workspace_(&ring_->newest()),
      random_(random),
      heard_at_(now) {
  setup.hello.sign_key = setup.self.sign_key();
  if (options.renew_after.count() > 0) setup.hello.features |= feature_renewal;
  ASKR_ASSERT(validate(setup.hello).ok());
  handshake_.reset(new handshake{.hello = encode(setup.hello), .noise = {}});
  plan_renewal(now);
  if (side_ == role::responder) return;
  preface_ = preface_for(setup.suite);
  append(output_, preface_);
  start_noise(ring_->newest());
  write_handshake_message({});
}

link::link(link&&) noexcept = default;
link& link::operator=(link&&) noexcept = default;
link::~link() = default;

crypto::handshake_state link::make_noise(byte_span more) const {
  crypto::handshake_keys keys;
  keys.static_secret = self_->noise_secret().copy();
  keys.static_public = self_->noise_key();
  keys.psks.push_back(workspace_->psk.copy());
  byte_buffer prologue;
  append(prologue, preface_);
  append(prologue, workspace_->hash);
  append(prologue, more);
  const auto suite = static_cast<crypto::cipher_kind>(preface_[6]);
  return crypto::handshake_state::start(protocol_of(suite), side_, std::move(keys), prologue).value();
}

void link::start_noise(const crypto::workspace_keys& workspace) {
  workspace_ = &workspace;
  handshake_->noise = make_noise({});
}

void link::on_bytes(time_point now, mutable_byte_span received) {
  heard_at_ = now;
  on_timeout(now);
  if (state_ == link_state::closed) return;
  if (state_ == link_state::established) {
    ASKR_ASSERT(received_.empty() && messages_.empty());  // The owner takes all messages before it reads on.
    received_ = received;
    return;
  }
  if (waiting_.size() + received.size() > options_.unadmitted_bytes_max) {
    return close({errc::too_large, "too many bytes before admission"});
  }
  append(waiting_, received);
  advance_handshake();
}

std::size_t link::wanted_bytes() const noexcept {
  if (state_ == link_state::closed) return 0;
  if (state_ == link_state::established) return read_bytes_max;
  return options_.unadmitted_bytes_max - waiting_.size();
}

void link::on_timeout(time_point now) {
  if (now < next_timeout()) return;
  if (state_ != link_state::established) return close({errc::timed_out, "not admitted in time"});
  if (renewal_) return close({errc::timed_out, "the peer does not go on with new keys"});
  start_renewal(now);
}

time_point link::next_timeout() const noexcept {
  if (state_ == link_state::closed) return time_point::max();
  return state_ == link_state::established && !renewal_ ? renew_due_ : deadline_;
}

void link::advance_handshake() {
  while (state_ == link_state::handshaking && !wants_answer_) {
    if (side_ == role::responder && !handshake_->preface_read && !read_preface()) return;
    if (!read_handshake_message()) return;
  }
}

// A stranger's very first wrong byte ends it.
bool link::read_preface() {
  for (const auto suite : {crypto::cipher_kind::aes_gcm, crypto::cipher_kind::chacha_poly}) {
    if (!is_start_of_preface(waiting_, suite)) continue;
    if (waiting_.size() < preface_bytes) return false;
    preface_ = preface_for(suite);
    handshake_->preface_read = true;
    take_front(preface_bytes);
    return true;
  }
  close({errc::unsupported, "not a preface of this protocol version"});
  return false;
}

bool link::read_handshake_message() {
  if (waiting_.size() < message_head_bytes) return false;
  const std::size_t bytes = big_endian_16(waiting_);
  if (bytes > options_.handshake_message_bytes_max) {
    close({errc::too_large, "handshake message too long"});
    return false;
  }
  if (waiting_.size() < message_head_bytes + bytes) return false;
  on_handshake_message(byte_span(waiting_).subspan(message_head_bytes, bytes));
  take_front(message_head_bytes + bytes);
  return true;
}

void link::on_handshake_message(byte_span message) {
  byte_buffer payload;
  if (!handshake_->noise) {
    if (open_first(message, payload)) respond_to_first(payload);
    return;
  }
  auto& noise = *handshake_->noise;
  const auto read = noise.read_message(message, payload);
  if (!read) return close(read.error());
  if (noise.complete()) return finish_handshake(payload);
  write_handshake_message(handshake_->hello);
  if (state_ == link_state::handshaking) finish_handshake(payload);
}

// Whichever of the workspace's secrets it proves. None costs more than the check of a tag.
bool link::open_first(byte_span message, byte_buffer& payload) {
  error why{errc::unauthenticated};
  for (const auto& each : ring_->all()) {
    start_noise(each);
    payload.clear();
    const auto read = handshake_->noise->read_message(message, payload);
    if (read) return true;
    why = read.error();
  }
  close(std::move(why));
  return false;
}

void link::respond_to_first(byte_span payload) {
  if (!payload.empty()) return close({errc::bad_message, "the first message has a payload"});
  wants_answer_ = true;
  if (!options_.hold_answer) answer();
}

void link::answer() {
  if (!std::exchange(wants_answer_, false) || state_ != link_state::handshaking) return;
  write_handshake_message(handshake_->hello);
}

void link::write_handshake_message(byte_span payload) {
  const std::size_t head = output_.size();
  output_.resize(head + message_head_bytes);
  const auto written = handshake_->noise->write_message(random_, payload, output_);
  if (!written) return close(written.error());
  const std::size_t bytes = output_.size() - head - message_head_bytes;
  output_[head] = static_cast<std::uint8_t>(bytes >> 8);
  output_[head + 1] = static_cast<std::uint8_t>(bytes);
}

void link::finish_handshake(byte_span hello) {
  auto said = decode_peer_hello(hello);
  if (!said) return close(said.error());
  auto& noise = *handshake_->noise;
  peer_.noise_key = *noise.remote_static();
  peer_.hello = std::move(said).value();
  peer_.id = crypto::node_id_of(peer_.noise_key, peer_.hello.sign_key);
  const auto binding = noise.handshake_hash();
  peer_.channel_binding.assign(binding.begin(), binding.end());
  auto ciphers = noise.split();
  sealer_.emplace(std::move(ciphers.send));
  opener_.emplace(std::move(ciphers.receive));
  if ((peer_.hello.features & feature_renewal) == 0) renew_due_ = time_point::max();
  handshake_.reset();
  state_ = link_state::authenticating;
}

void link::take_front(std::size_t bytes) {
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(bytes));
}

void link::admit() {
  if (state_ == link_state::authenticating) state_ = link_state::established;
}

void link::refuse(errc why) {
  if (state_ == link_state::authenticating) close(why);
}

void link::close(error why) {
  if (state_ == link_state::closed) return;
  state_ = link_state::closed;
  close_reason_ = std::move(why);
  handshake_.reset();
  renewal_.reset();
  wants_answer_ = false;
  received_ = {};
  messages_ = {};
  output_.clear();
  output_from_ = 0;
}

bool link::next_record(byte_span& messages) {
  while (state_ == link_state::established) {
    if (messages_.empty()) {
      if (!open_next_record()) return false;
      if (is_about_keys(messages_)) {
        on_renewal(std::exchange(messages_, {}));
        continue;
      }
    }
    messages = std::exchange(messages_, {});
    return true;
  }
  return false;
}

bool link::next_message(byte_span& body) {
  if (!next_record(messages_)) return false;
  const std::size_t bytes = messages_.size() < message_head_bytes ? 0 : big_endian_16(messages_);
  if (bytes == 0 || messages_.size() < message_head_bytes + bytes) {
    close({errc::bad_message, "a message is cut off or empty"});
    return false;
  }
  body = messages_.subspan(message_head_bytes, bytes);
  messages_ = messages_.subspan(message_head_bytes + bytes);
  return true;
}

// First what waits, topped up to a whole record by the front of what came; then what came, where it lies.
bool link::open_next_record() {
  while (waiting_from_ < waiting_.size()) {
    const auto outcome = opener_->open(mutable_byte_span(waiting_).subspan(waiting_from_));
    waiting_from_ += outcome.consumed;
    if (outcome.what != record_opener::status::incomplete) return on_outcome(outcome);
    if (!top_up_waiting()) return false;
  }
  waiting_.clear();
  waiting_from_ = 0;
  return open_received();
}

bool link::top_up_waiting() {
  take_front(waiting_from_);
  waiting_from_ = 0;
  const auto missing = record_bytes_due(waiting_) - waiting_.size();
  const auto taken = std::min(missing, received_.size());
  append(waiting_, received_.first(taken));
  received_ = received_.subspan(taken);
  return taken > 0;
}

bool link::open_received() {
  if (received_.empty()) return release_if_large(waiting_), false;
  const auto outcome = opener_->open(received_);
  received_ = received_.subspan(outcome.consumed);
  if (outcome.what != record_opener::status::incomplete) return on_outcome(outcome);
  append(waiting_, received_);
  received_ = {};
  return false;
}

bool link::on_outcome(const record_opener::outcome& outcome) {
  messages_ = outcome.plaintext;
  count_bytes(outcome.consumed);
  if (outcome.what == record_opener::status::opened) return true;
  close({errc::unauthenticated, "a record is forged or of an impossible length"});
  return false;
}

bool link::seal(byte_span messages) {
  if (state_ != link_state::established) return false;
  count_bytes(messages.size());
  if (sealer_->seal(messages, output_)) return true;
  close({errc::closed, "the link has sent all the records it may"});
  return false;
}

// --- new keys

void link::plan_renewal(time_point now) {
  bytes_left_ = options_.renew_after_bytes;
  // Twice as long for who begins: the other side's clock may have started later.
  renew_from_ = now + (side_ == role::responder ? 1 : 2) * options_.renew_apart_min;
  if (side_ == role::responder || options_.renew_after.count() == 0) return;
  const auto tenth = static_cast<std::uint64_t>(options_.renew_after.count() / 10);
  const auto jitter = milliseconds(static_cast<std::int64_t>(rng(random_.next()).below(2 * tenth + 1)));
  renew_due_ = now + options_.renew_after - milliseconds(tenth) + jitter;
}

void link::count_bytes(std::uint64_t bytes) noexcept {
  bytes_left_ -= std::min(bytes, bytes_left_);
  if (bytes_left_ == 0 && renew_due_ != time_point::max()) renew_due_ = std::min(renew_due_, renew_from_);
}

void link::start_renewal(time_point now) {
  deadline_ = now + options_.renew_deadline;
  renewal_.reset(new renewal{make_noise(peer_.channel_binding)});
  if (!say_renewal(renewal_first)) close({errc::closed, "no new keys could be made"});
}

// The first opens with the keys in use, so that only the peer can have sent it: it is the peer that has to keep to the
// protocol. Anything out of turn ends the link.
void link::on_renewal(byte_span record) {
  const auto step = record.size() < renewal_head_bytes ? 0 : record[2];
  const auto message = record.subspan(std::min(record.size(), renewal_head_bytes));
  const bool initiator = side_ == role::initiator;
  const bool waits_for_marker = renewal_ && renewal_->next;
  bool good = false;
  if (step == renewal_first && !initiator && !renewal_) good = answer_renewal(message);
  if (step == renewal_second && initiator && renewal_ && !waits_for_marker) good = finish_renewal(message);
  if (step == renewal_third && !initiator && renewal_) good = end_renewal(message);
  if (step == renewal_switched && initiator && waits_for_marker && message.empty()) good = take_renewed_keys();
  if (!good) close({errc::bad_message, "new keys out of turn"});
}

bool link::answer_renewal(byte_span message) {
  if (heard_at_ < renew_from_) return false;
  deadline_ = heard_at_ + options_.renew_deadline;
  renewal_.reset(new renewal{make_noise(peer_.channel_binding)});
  return read_renewal(message) && say_renewal(renewal_second);
}

// What this side says from here on is sealed with the new keys: the third message is the last with the old ones.
bool link::finish_renewal(byte_span message) {
  if (!read_renewal(message) || !say_renewal(renewal_third)) return false;
  auto ciphers = renewal_->noise.split();
  sealer_.emplace(std::move(ciphers.send));
  renewal_->next = std::move(ciphers.receive);
  return true;
}

bool link::end_renewal(byte_span message) {
  if (!read_renewal(message) || !say_renewal(renewal_switched)) return false;
  auto ciphers = renewal_->noise.split();
  opener_.emplace(std::move(ciphers.receive));
  sealer_.emplace(std::move(ciphers.send));
  renewal_.reset();
  plan_renewal(heard_at_);
  return true;
}

bool link::take_renewed_keys() {
  opener_.emplace(std::move(*renewal_->next));
  renewal_.reset();
  plan_renewal(heard_at_);
  return true;
}

// The peer must be who it was.
bool link::read_renewal(byte_span message) {
  byte_buffer payload;
  if (!renewal_->noise.read_message(message, payload) || !payload.empty()) return false;
  const auto& shown = renewal_->noise.remote_static();
  return !shown || *shown == peer_.noise_key;
}

bool link::say_renewal(std::uint8_t step) {
  byte_buffer text{0, 0, step};
  if (step != renewal_switched && !renewal_->noise.write_message(random_, {}, text)) return false;
  return sealer_->seal(text, output_);
}

void link::consume(std::size_t bytes) {
  ASKR_ASSERT(bytes <= output_.size() - output_from_);
  output_from_ += bytes;
  if (output_from_ < output_.size()) {
    if (output_from_ < output_.size() / 2) return;
    output_.erase(output_.begin(), output_.begin() + static_cast<std::ptrdiff_t>(output_from_));
  } else if (output_.capacity() > 2 * record_bytes_max) {
    release_if_large(output_);
  } else {
    output_.clear();
  }
  output_from_ = 0;
}

}  // namespace askr::transport
