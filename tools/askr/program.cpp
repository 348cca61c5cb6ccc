// SPDX-License-Identifier: MIT
#include "tools/askr/program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
#include <utility>

extern char** environ;

namespace askr::cli {
namespace {

/// One end of a pipe.
class descriptor {
 public:
  descriptor() = default;
  explicit descriptor(int number) : number_(number) {}
  descriptor(descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  descriptor& operator=(descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~descriptor() { close(); }

  int get() const noexcept { return number_; }
  bool is_open() const noexcept { return number_ >= 0; }
  void close() noexcept {
    if (is_open()) ::close(std::exchange(number_, -1));
  }

 private:
  int number_ = -1;
};

struct pipe_ends {
  descriptor read;
  descriptor write;
};

/// Closed on exec, so that a program started at the same time does not hold it open.
result<pipe_ends> make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return error{errc::handler_failed, std::strerror(errno)};
  return pipe_ends{descriptor(ends[0]), descriptor(ends[1])};
}

/// How the child starts: its pipes as 0, 1 and 2, a process group of its own, and no signal blocked or ignored.
class spawn_setup {
 public:
  spawn_setup(int input, int output, int errors) {
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO);
    posix_spawnattr_init(&attributes);
    sigset_t signals;
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes, &signals);
    sigaddset(&signals, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes, &signals);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  spawn_setup(const spawn_setup&) = delete;
  spawn_setup& operator=(const spawn_setup&) = delete;
  ~spawn_setup() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }

  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
};

class running_program {
 public:
  result<void> start(const std::vector<std::string>& words) {
    auto in = make_pipe();
    auto out = make_pipe();
    auto err = make_pipe();
    if (!in || !out || !err) return error{errc::handler_failed, "no more pipes"};
    std::vector<char*> arguments;
    for (const auto& each : words) arguments.push_back(const_cast<char*>(each.c_str()));
    arguments.push_back(nullptr);
    const spawn_setup setup(in->read.get(), out->write.get(), err->write.get());
    const int failed =
        posix_spawnp(&child_, arguments[0], &setup.actions, &setup.attributes, arguments.data(), environ);
    if (failed != 0) return error{errc::handler_failed, words[0] + ": " + std::strerror(failed)};
    input_ = std::move(in->write);
    output_ = std::move(out->read);
    errors_ = std::move(err->read);
    for (const auto* each : {&input_, &output_, &errors_}) fcntl(each->get(), F_SETFL, O_NONBLOCK);
    return {};
  }

  /// Writes and reads until the program has closed its ends. False: `wait` has passed with nothing to do.
  bool exchange(std::string_view& unwritten, program_outcome& into, const program_limits& limits, milliseconds wait) {
    if (unwritten.empty()) input_.close();
    std::array<pollfd, 3> ready{pollfd{input_.get(), POLLOUT, 0}, pollfd{output_.get(), POLLIN, 0},
                                pollfd{errors_.get(), POLLIN, 0}};
    if (poll(ready.data(), ready.size(), static_cast<int>(wait.count())) <= 0) return false;
    if (ready[0].revents != 0) feed(unwritten);
    if (ready[1].revents != 0) drain(output_, into.output, limits.output_bytes_max + 1);
    if (ready[2].revents != 0) drain(errors_, into.errors, limits.errors_bytes_max);
    return true;
  }
  bool has_ended_its_output() const noexcept { return !output_.is_open() && !errors_.is_open(); }

  /// The exit status, once there is one.
  std::optional<int> poll_status() {
    int status = 0;
    if (waitpid(child_, &status, WNOHANG) != child_) return std::nullopt;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }
  void kill_all() {
    ::kill(-child_, SIGKILL);
    int status = 0;
    waitpid(child_, &status, 0);
  }

 private:
  /// A program that does not read its input is no error.
  void feed(std::string_view& unwritten) {
    const auto written = ::write(input_.get(), unwritten.data(), unwritten.size());
    if (written > 0) {
      unwritten.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EAGAIN && errno != EINTR) {
      unwritten = {};
    }
  }

  static void drain(descriptor& from, std::string& into, std::size_t bytes_max) {
    std::array<char, 16384> part;
    const auto bytes = ::read(from.get(), part.data(), part.size());
    if (bytes > 0) {
      into.append(part.data(), std::min(static_cast<std::size_t>(bytes), bytes_max - into.size()));
    } else if (bytes == 0 || (errno != EAGAIN && errno != EINTR)) {
      from.close();
    }
  }

  pid_t child_ = -1;
  descriptor input_;
  descriptor output_;
  descriptor errors_;
};

std::optional<error> broken_limit(const program_outcome& so_far, time_point deadline, const std::atomic<bool>& stop,
                                  const program_limits& limits) {
  if (stop) return error{errc::canceled, "the service is stopping"};
  if (clock::now() >= deadline) return error{errc::timed_out, "the program did not end before the deadline"};
  if (so_far.output.size() > limits.output_bytes_max) return error{errc::too_large, "the program wrote too much"};
  return std::nullopt;
}

}  // namespace

result<program_outcome> run_program(const std::vector<std::string>& words, const std::string& input,
                                    time_point deadline, const std::atomic<bool>& stop, const program_limits& limits) {
  constexpr milliseconds look_again = 50ms;
  constexpr milliseconds look_for_end = 2ms;
  running_program program;
  if (const auto started = program.start(words); !started) return started.error();
  program_outcome outcome;
  std::string_view unwritten = input;
  for (;;) {
    if (auto broken = broken_limit(outcome, deadline, stop, limits)) {
      program.kill_all();
      return *std::move(broken);
    }
    if (!program.has_ended_its_output()) {
      program.exchange(unwritten, outcome, limits, look_again);
      continue;
    }
    if (const auto status = program.poll_status()) {
      outcome.status = *status;
      return outcome;
    }
    poll(nullptr, 0, static_cast<int>(look_for_end.count()));
  }
}

}  // namespace askr::cli
