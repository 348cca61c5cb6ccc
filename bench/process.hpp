// SPDX-License-Identifier: MIT
#pragma once

/// The other process of a measurement: this program again, as a child that is told what it needs on stdin, says on
/// stdout when it is ready, and ends by itself when its stdin ends, whatever became of the parent.

#include <askr/time.hpp>

#include <chrono>
#include <string>
#include <vector>

#include <sys/types.h>

namespace askr::bench {

class child_process {
 public:
  /// Starts `arguments` of this program with `line` as the first line of stdin. Throws std::system_error.
  child_process(std::vector<std::string> arguments, const std::string& line);
  /// Ends its stdin and waits; a child that is still there after 5 s is killed.
  ~child_process();
  child_process(const child_process&) = delete;
  child_process& operator=(const child_process&) = delete;

  /// The next line it prints, without the newline. Throws std::runtime_error if it ends or says nothing for 10 s.
  std::string read_line();

  pid_t id() const noexcept { return id_; }
  /// Just before it was forked.
  time_point started() const noexcept { return started_; }

 private:
  pid_t id_ = -1;
  int input_ = -1;
  int output_ = -1;
  time_point started_;
  std::string received_;
};

/// For children: the first line of stdin, and the wait for its end.
std::string read_first_line();
void wait_for_end_of_input();
/// Prints a line at once.
void say(const std::string& line);

/// User + system time a process has used so far; 0 names this one. Of the whole process, to the nanosecond.
std::chrono::nanoseconds cpu_time(pid_t process);

/// Where the processes run. They wander unless pinned; a pinned thread's later threads inherit its CPU.
enum class pinning : int {
  none = -1,
  together = 0,  ///< All on CPU 0: the cost of the software, without the cost of waking another core.
  apart = 1,     ///< The requester on CPU 0, everybody else on CPU 1.
};

/// Before the first thread starts. Throws std::system_error if there is no such CPU.
void pin_requester(pinning where);
void pin_server(pinning where);

}  // namespace askr::bench
