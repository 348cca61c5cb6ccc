// SPDX-License-Identifier: MIT
#include "bench/raw_stream.hpp"

#include "bench/sockets.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace askr::bench {
namespace {

constexpr std::size_t read_bytes = 64 << 10;  // As an askr node reads.

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

struct frame_header {
  std::uint8_t length[2];
  std::uint8_t mid[8];
  std::uint8_t name[2];
  std::uint8_t remaining[4];
  std::uint8_t flags[2];
};
static_assert(sizeof(frame_header) == raw_stream::header_bytes);

}  // namespace

raw_stream::raw_stream(int socket) : socket_(socket), received_(2 * read_bytes), output_(2 * read_bytes) {
  make_swift(socket_);
  epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  epoll_event what{.events = EPOLLIN, .data = {}};
  if (epoll_ < 0 || ::epoll_ctl(epoll_, EPOLL_CTL_ADD, socket_, &what) != 0) fail("epoll");
}

raw_stream::~raw_stream() {
  ::close(socket_);
  ::close(epoll_);
}

bool raw_stream::wait(std::chrono::nanoseconds longest) {
  epoll_event ready{};
  const auto ns = std::max<std::int64_t>(longest.count(), 0);
  const timespec timeout{.tv_sec = ns / 1'000'000'000, .tv_nsec = ns % 1'000'000'000};
  return ::epoll_pwait2(epoll_, &ready, 1, &timeout, nullptr) > 0;
}

bool raw_stream::fill() {
  const auto bytes = ::read(socket_, received_.data() + received_bytes_, received_.size() - received_bytes_);
  if (bytes > 0) received_bytes_ += static_cast<std::size_t>(bytes);
  return bytes > 0 || (bytes < 0 && errno == EAGAIN);
}

std::size_t raw_stream::frame_bytes(std::size_t from) const noexcept {
  if (received_bytes_ - from < header_bytes) return 0;
  const std::size_t bytes = 2 + (static_cast<std::size_t>(received_[from]) << 8 | received_[from + 1]);
  return received_bytes_ - from < bytes ? 0 : bytes;
}

std::uint64_t raw_stream::mid_of(byte_span frame) noexcept {
  std::uint64_t mid;
  std::memcpy(&mid, frame.data() + offsetof(frame_header, mid), sizeof mid);
  return mid;
}

void raw_stream::drop(std::size_t bytes) noexcept {
  received_bytes_ -= bytes;
  std::memmove(received_.data(), received_.data() + bytes, received_bytes_);
}

void raw_stream::append(std::uint64_t mid, byte_span payload) {
  frame_header header{};
  const auto bytes = header_bytes - 2 + payload.size();
  header.length[0] = static_cast<std::uint8_t>(bytes >> 8);
  header.length[1] = static_cast<std::uint8_t>(bytes);
  std::memcpy(header.mid, &mid, sizeof mid);
  const auto from = output_bytes_;
  output_bytes_ += sizeof header + payload.size();
  if (output_bytes_ > output_.size()) grow_output(from);
  std::memcpy(output_.data() + from, &header, sizeof header);
  std::memcpy(output_.data() + from + sizeof header, payload.data(), payload.size());
}

// By memcpy: a vector with an allocator of its own moves its elements one by one.
void raw_stream::grow_output(std::size_t used) {
  byte_buffer larger(2 * output_bytes_);
  std::memcpy(larger.data(), output_.data(), used);
  output_.swap(larger);
}

bool raw_stream::flush() {
  if (output_bytes_ == 0) return true;
  const auto bytes = ::send(socket_, output_.data() + written_bytes_, output_bytes_ - written_bytes_, MSG_NOSIGNAL);
  if (bytes < 0 && errno != EAGAIN) return false;
  if (bytes > 0) written_bytes_ += static_cast<std::size_t>(bytes);
  const bool all = written_bytes_ == output_bytes_;
  if (all) output_bytes_ = written_bytes_ = 0;
  if (watching_writable_ == all) watch(!all);
  return true;
}

bool raw_stream::flush_all() {
  for (pollfd writable{socket_, POLLOUT, 0}; flush(); ::poll(&writable, 1, -1)) {
    if (output_bytes_ == 0) return true;
  }
  return false;
}

void raw_stream::watch(bool writable) {
  watching_writable_ = writable;
  epoll_event what{.events = EPOLLIN, .data = {}};
  if (writable) what.events |= EPOLLOUT;
  if (::epoll_ctl(epoll_, EPOLL_CTL_MOD, socket_, &what) != 0) fail("epoll");
}

}  // namespace askr::bench
