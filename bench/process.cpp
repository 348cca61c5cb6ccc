// SPDX-License-Identifier: MIT
#include "bench/process.hpp"

#include <cerrno>
#include <csignal>
#include <ctime>
#include <filesystem>
#include <stdexcept>
#include <system_error>

#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace askr::bench {
namespace {

constexpr std::chrono::milliseconds end_timeout = std::chrono::seconds(5);

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

struct pipe_ends {
  int read = -1;
  int write = -1;
};

pipe_ends make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) fail("pipe");
  return {ends[0], ends[1]};
}

void write_all(int to, const std::string& text) {
  if (::write(to, text.data(), text.size()) != static_cast<ssize_t>(text.size())) fail("write to a child");
}

void pin_to(int cpu) {
  cpu_set_t only;
  CPU_ZERO(&only);
  CPU_SET(static_cast<std::size_t>(cpu), &only);
  if (::sched_setaffinity(0, sizeof only, &only) != 0) fail("pin to a CPU");
}

[[noreturn]] void become(std::vector<std::string>& command, const program& how, int input, int output) {
  std::vector<char*> values;
  for (auto& each : command) values.push_back(each.data());
  values.push_back(nullptr);
  try {
    pin_server(how.server_pin);
    if (how.own_network) enter_own_network();
    if (!how.ends_with_input) ::prctl(PR_SET_PDEATHSIG, SIGTERM);  // It would outlive a parent that is killed.
    if (::dup2(input, STDIN_FILENO) >= 0 && ::dup2(output, STDOUT_FILENO) >= 0) ::execvp(values[0], values.data());
  } catch (const std::exception&) {  // The parent hears of it when it finds its pipe closed.
  }
  ::_exit(127);
}

}  // namespace

child_process::child_process(std::vector<std::string> arguments, const std::string& line) {
  arguments.insert(arguments.begin(), own_program());
  start(std::move(arguments), {});
  write_line(line);
}

child_process::child_process(const program& what) { start(what.command, what); }

void child_process::start(std::vector<std::string> command, const program& how) {
  const auto to_child = make_pipe();
  const auto from_child = make_pipe();
  started_ = clock::now();
  id_ = ::fork();
  if (id_ < 0) fail("fork");
  if (id_ == 0) become(command, how, to_child.read, from_child.write);
  ::close(to_child.read);
  ::close(from_child.write);
  input_ = to_child.write;
  output_ = from_child.read;
  ends_with_input_ = how.ends_with_input;
}

void child_process::write_line(const std::string& line) { write_all(input_, line + "\n"); }

child_process::~child_process() {
  ::close(input_);
  if (!ends_with_input_) ::kill(id_, SIGTERM);
  const auto until = clock::now() + end_timeout;
  while (::waitpid(id_, nullptr, WNOHANG) == 0) {
    if (clock::now() > until) {
      ::kill(id_, SIGKILL);
      ::waitpid(id_, nullptr, 0);
      break;
    }
    ::usleep(1000);
  }
  ::close(output_);
}

std::string child_process::read_line(std::chrono::nanoseconds patience) {
  const auto until = clock::now() + patience;
  for (;;) {
    if (const auto end = received_.find('\n'); end != std::string::npos) {
      auto line = received_.substr(0, end);
      received_.erase(0, end + 1);
      return line;
    }
    const auto left = std::chrono::duration_cast<milliseconds>(until - clock::now()).count();
    pollfd readable{output_, POLLIN, 0};
    if (left <= 0 || ::poll(&readable, 1, static_cast<int>(left)) == 0) {
      throw std::runtime_error("the other process says nothing");
    }
    char bytes[16 << 10];
    const auto count = ::read(output_, bytes, sizeof bytes);
    if (count <= 0) throw std::runtime_error("the other process ended too early");
    received_.append(bytes, static_cast<std::size_t>(count));
  }
}

// By its name, which valgrind and the process list understand.
std::string own_program() { return std::filesystem::read_symlink("/proc/self/exe").string(); }

std::string program_beside(const std::string& name) {
  return (std::filesystem::path(own_program()).parent_path() / name).string();
}

// Byte by byte, so that nothing behind the line is lost.
bool read_line_of_input(std::string& line) {
  line.clear();
  for (char next; ::read(STDIN_FILENO, &next, 1) == 1; line.push_back(next)) {
    if (next == '\n') return true;
  }
  return false;
}

std::string read_first_line() {
  std::string line;
  read_line_of_input(line);
  return line;
}

void wait_for_end_of_input() {
  char ignored[64];
  while (::read(STDIN_FILENO, ignored, sizeof ignored) > 0) {
  }
}

void say(const std::string& line) {
  const auto text = line + "\n";
  if (::write(STDOUT_FILENO, text.data(), text.size()) < 0) fail("write");
}

std::chrono::nanoseconds cpu_time(pid_t process) {
  clockid_t of = CLOCK_PROCESS_CPUTIME_ID;
  if (process != 0 && ::clock_getcpuclockid(process, &of) != 0) return {};
  timespec used{};
  if (::clock_gettime(of, &used) != 0) return {};
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

void pin_requester(pinning where) {
  if (where != pinning::none) pin_to(0);
}

void pin_server(pinning where) {
  if (where != pinning::none) pin_to(where == pinning::apart ? 1 : 0);
}

void enter_own_network() {
  if (::unshare(CLONE_NEWNET) != 0) fail("a network namespace");
  const int any = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq loopback{};
  loopback.ifr_name[0] = 'l';
  loopback.ifr_name[1] = 'o';
  loopback.ifr_flags = IFF_UP | IFF_RUNNING;
  const bool up = any >= 0 && ::ioctl(any, SIOCSIFFLAGS, &loopback) == 0;
  ::close(any);
  if (!up) fail("loopback in a network namespace");
}

bool may_enter_own_network() { return ::geteuid() == 0; }

void raise_open_files() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) fail("getrlimit");
  files.rlim_cur = files.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &files) != 0) fail("setrlimit");
}

}  // namespace askr::bench
