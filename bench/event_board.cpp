// SPDX-License-Identifier: MIT
#include "bench/events.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <thread>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

namespace askr::bench {
namespace {

constexpr std::uint64_t batch_max = 64;       ///< Emitted in one turn.
constexpr milliseconds loss_is_sure = 200ms;  ///< Without news: what is under way will not be heard.
constexpr milliseconds ready_timeout = 20s;

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

void* map(int memory, std::size_t bytes) {
  auto* const at = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
  if (at == MAP_FAILED) fail("mmap");
  return at;
}

}  // namespace

// Inherited by the subscribers, hence not close-on-exec.
event_board::event_board(std::size_t subscribers)
    : count_(subscribers), memory_(::memfd_create("askr-bench", 0)), bell_(::eventfd(0, EFD_NONBLOCK)) {
  if (memory_ < 0 || bell_ < 0 || ::ftruncate(memory_, static_cast<off_t>(count_ * sizeof(row))) != 0) fail("memory");
  rows_ = static_cast<row*>(map(memory_, count_ * sizeof(row)));
}

event_board::~event_board() {
  ::munmap(rows_, count_ * sizeof(row));
  ::close(memory_);
  ::close(bell_);
}

std::vector<std::string> event_board::arguments_of(std::size_t subscriber) const {
  return {"--board", std::to_string(memory_), "--bell", std::to_string(bell_), "--child", std::to_string(subscriber)};
}

bool event_board::all_ready() const noexcept {
  return std::all_of(rows_, rows_ + count_, [](const row& each) { return each.ready.load() != 0; });
}

std::uint64_t event_board::heard() const noexcept {
  std::uint64_t sum = 0;
  for (std::size_t at = 0; at < count_; ++at) sum += rows_[at].last - std::min(rows_[at].lost, rows_[at].last);
  return sum;
}

std::uint64_t event_board::slowest() const noexcept {
  auto slowest = ~std::uint64_t{0};
  for (std::size_t at = 0; at < count_; ++at) slowest = std::min(slowest, rows_[at].last.load());
  return slowest;
}

std::uint64_t event_board::lost(std::uint64_t emitted) const noexcept {
  std::uint64_t sum = 0;
  for (std::size_t at = 0; at < count_; ++at)
    sum += rows_[at].lost + emitted - std::min(emitted, rows_[at].last.load());
  return sum;
}

bool event_board::wait(milliseconds longest) noexcept {
  pollfd rung{bell_, POLLIN, 0};
  if (::poll(&rung, 1, static_cast<int>(longest.count())) <= 0) return false;
  std::uint64_t times = 0;
  return ::read(bell_, &times, sizeof times) > 0;
}

event_counter::event_counter(arguments& given) {
  const auto memory = static_cast<int>(given.take_integer("--board", -1, 0, 1 << 20));
  bell_ = static_cast<int>(given.take_integer("--bell", -1, 0, 1 << 20));
  const auto which = static_cast<std::size_t>(given.take_integer("--child", 0, 0, 1024));
  row_ = static_cast<event_board::row*>(map(memory, (which + 1) * sizeof(event_board::row))) + which;
}

void event_counter::on_event(byte_span payload) noexcept {
  std::uint64_t number = 0;
  std::memcpy(&number, payload.data(), std::min(sizeof number, payload.size()));
  if (number == 0) return row_->ready.store(1);
  if (number != last_ + 1) {
    lost_ += number > last_ ? number - last_ - 1 : 1;
    row_->lost.store(lost_, std::memory_order_relaxed);
  }
  const auto before = last_;
  last_ = std::max(last_, number);
  row_->last.store(last_, std::memory_order_release);
  if (before / event_board::rings_every == last_ / event_board::rings_every) return;
  const std::uint64_t once = 1;
  (void)!::write(bell_, &once, sizeof once);
}

void put_number(mutable_byte_span payload, std::uint64_t number) noexcept {
  std::memcpy(payload.data(), &number, std::min(sizeof number, payload.size()));
}

void emitting_system::start_subscribers(const std::string& role, const std::vector<std::string>& extra,
                                        const std::string& line) {
  payload_.resize(options_.payload_bytes);
  std::ranges::fill(payload_, std::uint8_t{0x5a});
  for (std::size_t child = 0; child < options_.subscribers; ++child) {
    std::vector<std::string> command{role, "--pin", std::to_string(static_cast<int>(options_.where))};
    for (const auto& each : board_.arguments_of(child)) command.push_back(each);
    command.insert(command.end(), extra.begin(), extra.end());
    children_.push_back(std::make_unique<child_process>(std::move(command), line));
  }
}

void emitting_system::wait_until_ready() {
  const auto until = clock::now() + ready_timeout;
  while (!board_.all_ready()) {
    if (clock::now() > until) throw std::runtime_error("the subscribers hear nothing");
    emit(0);
    to_.flush();
    std::this_thread::sleep_for(5ms);
  }
}

event_round emitting_system::run(std::chrono::nanoseconds length) {
  const auto warm = clock::now() + length / 5;
  while (clock::now() < warm) emit_some();
  const auto before = read();
  while (clock::now() < before.at + length) emit_some();
  const auto after = read();
  return {after.heard - before.heard, std::chrono::duration<double>(after.at - before.at).count(),
          std::chrono::duration<double, std::micro>(after.cpu - before.cpu).count()};
}

event_totals emitting_system::finish() {
  const auto until = clock::now() + 3s;
  while (board_.slowest() < emitted_ && clock::now() < until) {
    to_.flush();
    std::this_thread::sleep_for(2ms);
  }
  return {emitted_, board_.lost(emitted_)};
}

emitting_system::reading emitting_system::read() const {
  reading now{.heard = board_.heard(), .at = clock::now(), .cpu = cpu_time(0)};
  for (const auto& each : children_) now.cpu += cpu_time(each->id());
  for (const auto each : others_) now.cpu += cpu_time(each);
  return now;
}

void emitting_system::emit_some() {
  const auto heard = std::max(board_.slowest(), given_up_);
  const auto room = heard + options_.in_flight - emitted_;
  if (room == 0) {
    to_.flush();
    if (!board_.wait(loss_is_sure)) given_up_ = emitted_;
    return;
  }
  for (auto left = std::min(room, batch_max); left > 0; --left) emit(++emitted_);
  to_.flush();
}

void emitting_system::emit(std::uint64_t number) {
  put_number(payload_, number);
  to_.emit(payload_);
}

}  // namespace askr::bench
