// SPDX-License-Identifier: MIT
#pragma once

/// The other process of a measurement: mostly this program again, as a child that is told what it needs on stdin, says
/// on stdout when it is ready, and ends by itself when its stdin ends, whatever became of the parent.

#include <askr/time.hpp>

#include <chrono>
#include <string>
#include <vector>

#include <sys/types.h>

namespace askr::bench {

/// Where the processes run. They wander unless pinned; a pinned thread's later threads inherit its CPU.
enum class pinning : int {
  none = -1,
  together = 0,  ///< All on CPU 0: the cost of the software, without the cost of waking another core.
  apart = 1,     ///< The requester on CPU 0, everybody else on CPU 1.
};

/// A program that is not this one.
struct program {
  std::vector<std::string> command;    ///< Its file and its arguments.
  pinning server_pin = pinning::none;  ///< Pinned as a server; else it stays where its parent is.
  bool own_network = false;            ///< A network namespace with nothing but loopback. Needs root.
  bool ends_with_input = true;         ///< Else it has to be told by a signal.
};

class child_process {
 public:
  /// Starts `arguments` of this program with `line` as the first line of stdin. Throws std::system_error.
  child_process(std::vector<std::string> arguments, const std::string& line);
  explicit child_process(const program& what);
  /// Ends its stdin and waits; a child that is still there after 5 s is killed.
  ~child_process();
  child_process(const child_process&) = delete;
  child_process& operator=(const child_process&) = delete;

  void write_line(const std::string& line);
  /// The next line it prints, without the newline. Throws std::runtime_error if it ends or says nothing for so long.
  std::string read_line(std::chrono::nanoseconds patience = std::chrono::seconds(10));

  pid_t id() const noexcept { return id_; }
  /// Just before it was forked.
  time_point started() const noexcept { return started_; }

 private:
  void start(std::vector<std::string> command, const program& how);

  pid_t id_ = -1;
  bool ends_with_input_ = true;
  int input_ = -1;
  int output_ = -1;
  time_point started_;
  std::string received_;
};

/// The file of this program, and of another one beside it.
std::string own_program();
std::string program_beside(const std::string& name);

/// For children: a line of stdin (false at its end), the first one, and the wait for the end.
bool read_line_of_input(std::string& line);
std::string read_first_line();
void wait_for_end_of_input();
/// Prints a line at once.
void say(const std::string& line);

/// User + system time a process has used so far; 0 names this one. Of the whole process, to the nanosecond.
std::chrono::nanoseconds cpu_time(pid_t process);

/// Before the first thread starts. Throws std::system_error if there is no such CPU.
void pin_requester(pinning where);
void pin_server(pinning where);

/// The calling process gets a network of its own, with loopback alone. Before the first thread starts; needs root.
void enter_own_network();
bool may_enter_own_network();

/// As many open files as the system allows.
void raise_open_files();

}  // namespace askr::bench
