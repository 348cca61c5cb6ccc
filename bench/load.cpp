// SPDX-License-Identifier: MIT
#include "bench/load.hpp"

#include "bench/process.hpp"

#include <algorithm>
#include <cstring>
#include <sstream>

namespace askr::bench {

namespace {

void put_hex(byte_buffer& into, std::size_t from, std::size_t digits, std::uint64_t number) noexcept {
  for (std::size_t at = from; at < std::min(from + digits, into.size()); ++at, number >>= 4) {
    into[at] = static_cast<std::uint8_t>("0123456789abcdef"[number & 15]);
  }
}

}  // namespace

load::load(const load_options& options) : options_(options), slots_(options.slots()) {
  for (std::size_t which = 0; which < slots_.size(); ++which) fill(which);
  if (options.rate > 0) interval_ = std::chrono::nanoseconds(static_cast<std::int64_t>(1e9 / options.rate));
}

void load::fill(std::size_t which) {
  auto& payload = slots_[which].payload;
  payload.resize(is_bulk(which) ? options_.bulk_payload_bytes : options_.payload_bytes);
  for (std::size_t at = 0; at < payload.size(); ++at) {
    const auto any = at * 167 + 13;
    payload[at] = static_cast<std::uint8_t>(options_.text ? 'a' + any % 26 : any);
  }
  if (options_.text) put_hex(payload, slot_at, slot_digits, which);
}

std::size_t load::slot_in(byte_span payload) noexcept {
  std::size_t number = 0;
  for (std::size_t at = slot_at + slot_digits; payload.size() >= slot_at + slot_digits && at-- > slot_at;) {
    const auto digit = payload[at];
    number = number << 4 | static_cast<std::size_t>(digit >= 'a' ? digit - 'a' + 10 : digit - '0');
  }
  return payload.size() >= slot_at + slot_digits ? number : ~std::size_t{0};
}

void load::number(slot& which) noexcept {
  const auto next = ++last_;
  if (options_.text) return put_hex(which.payload, 0, slot_at, next);
  std::memcpy(which.payload.data(), &next, std::min(sizeof next, which.payload.size()));
}

void load::start(time_point now) noexcept {
  warm_ = now + options_.warm_up;
  end_ = warm_ + options_.length;
  due_ = now;
  for (std::size_t which = slots_.size(); which-- > 0;) idle_.push_back(which);
}

time_point load::next_due() const noexcept {
  if (idle_.empty() || ended_) return time_point::max();
  return interval_.count() == 0 ? warm_ - options_.warm_up : due_;
}

byte_span load::start_request(std::size_t which, time_point now) noexcept {
  auto& next = slots_[which];
  number(next);
  next.sent = now;
  if (interval_.count() != 0) {
    next.sent = due_;
    due_ += interval_;
  }
  next.under_way = true;
  ++under_way_;
  return next.payload;
}

bool load::finish_request(std::size_t which, time_point now, byte_span reply) noexcept {
  auto& finished = slots_[which];
  finished.under_way = false;
  --under_way_;
  const bool good =
      reply.size() == finished.payload.size() && std::memcmp(reply.data(), finished.payload.data(), reply.size()) == 0;
  if (!good) ++errors_;
  if (ended_) return false;
  if (now >= end_ || (options_.bulk_bytes != 0 && bulk_bytes_ >= options_.bulk_bytes)) {
    final_ = read_meters(now);
    ended_ = true;
    return false;
  }
  if (measuring_) {
    record(which, now);
  } else if (now >= warm_) {
    first_ = read_meters(now);
    measuring_ = true;
  }
  if (!good) return false;  // A system that fails at once would otherwise be asked again for ever in one turn.
  if (interval_.count() == 0 || due_ <= now) return true;
  idle_.push_back(which);
  return false;
}

void load::record(std::size_t which, time_point now) noexcept {
  if (is_bulk(which)) {
    bulk_bytes_ += slots_[which].payload.size();
  } else {
    latency_.add(now - slots_[which].sent);
  }
}

load::reading load::read_meters(time_point now) const noexcept {
  auto used = cpu_time(0);
  for (const auto other : options_.others) used += cpu_time(other);
  return {now, used};
}

round_result load::result() const {
  round_result sum{.latency = latency_, .errors = errors_, .lost = under_way_, .bulk_bytes = bulk_bytes_};
  if (!measuring_ || !ended_) return sum;
  sum.seconds = std::chrono::duration<double>(final_.at - first_.at).count();
  sum.cpu_us = std::chrono::duration<double, std::micro>(final_.cpu - first_.cpu).count();
  return sum;
}

std::string to_line(const load_options& options) {
  std::ostringstream line;
  line << options.payload_bytes << ' ' << options.in_flight << ' ' << options.warm_up.count() << ' '
       << options.length.count() << ' ' << options.rate << ' ' << options.bulk_in_flight << ' '
       << options.bulk_payload_bytes << ' ' << options.bulk_bytes << ' ' << options.text;
  return line.str();
}

load_options load_options_from(const std::string& line) {
  std::istringstream words(line);
  load_options options;
  std::int64_t warm_up = 0, length = 0;
  words >> options.payload_bytes >> options.in_flight >> warm_up >> length >> options.rate >> options.bulk_in_flight >>
      options.bulk_payload_bytes >> options.bulk_bytes >> options.text;
  options.warm_up = std::chrono::nanoseconds(warm_up);
  options.length = std::chrono::nanoseconds(length);
  return options;
}

std::string to_line(const round_result& round) {
  std::ostringstream line;
  line << round.errors << ' ' << round.lost << ' ' << round.bulk_bytes << ' ' << round.seconds << ' ' << round.cpu_us;
  round.latency.for_each_bucket(
      [&](std::size_t bucket, std::uint64_t count) { line << ' ' << bucket << ' ' << count; });
  return line.str();
}

round_result round_from(const std::string& line) {
  std::istringstream words(line);
  round_result round;
  words >> round.errors >> round.lost >> round.bulk_bytes >> round.seconds >> round.cpu_us;
  for (std::size_t bucket = 0, count = 0; words >> bucket >> count;) round.latency.add_bucket(bucket, count);
  return round;
}

}  // namespace askr::bench
