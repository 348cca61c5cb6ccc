// SPDX-License-Identifier: MIT
// Asks another program who may come in: it gets the token on its stdin, and what it prints is the client's name.
// Whatever that program does, the node goes on: it runs on a thread of its own, has a deadline, and no answer is a
// refusal.
//
//     example-external-authenticator CHECK-PROGRAM TOKEN...
#include <askr/authenticators.hpp>
#include <askr/client.hpp>
#include <askr/node.hpp>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <iostream>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

namespace {

constexpr auto patience = std::chrono::seconds(2);
constexpr std::size_t waiting_max = 64;
constexpr std::size_t name_bytes_max = 64;

using clock = std::chrono::steady_clock;

/// The program's status; -1 if it had to be killed.
int status_of(pid_t child, clock::time_point end) {
  int status = -1;
  while (waitpid(child, &status, WNOHANG) == 0) {
    if (clock::now() >= end) {
      kill(child, SIGKILL);
      waitpid(child, &status, 0);
      return -1;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return status;
}

/// All that it writes until then, and a little more than a name at most.
std::string output_of(int from, clock::time_point end) {
  std::string said;
  while (said.size() <= name_bytes_max) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - clock::now());
    pollfd ready{from, POLLIN, 0};
    char room[128];
    if (left.count() <= 0 || poll(&ready, 1, static_cast<int>(left.count())) <= 0) break;
    const auto got = read(from, room, sizeof room);
    if (got <= 0) break;
    said.append(room, static_cast<std::size_t>(got));
  }
  return said;
}

/// Starts it with both ends of a pipe each as its stdin and stdout. The token is not among its arguments: `ps` shows
/// those.
pid_t start(const std::string& program, int in, int out) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  char* const arguments[] = {const_cast<char*>(program.c_str()), nullptr};
  pid_t child = 0;
  const bool started = posix_spawn(&child, program.c_str(), &actions, nullptr, arguments, environ) == 0;
  posix_spawn_file_actions_destroy(&actions);
  return started ? child : 0;
}

/// What the program prints within the deadline, if it ends with status 0.
askr::result<std::string> run_check(const std::string& program, const std::string& token) {
  const askr::error refused{askr::errc::unauthenticated, "the check did not let you in"};
  int in[2], out[2];
  if (pipe2(in, O_CLOEXEC) != 0) return refused;
  if (pipe2(out, O_CLOEXEC) != 0) {
    close(in[0]);
    close(in[1]);
    return refused;
  }
  const auto end = clock::now() + patience;
  const auto child = start(program, in[0], out[1]);
  close(in[0]);
  close(out[1]);
  const auto line = token + "\n";
  const bool told = child != 0 && write(in[1], line.data(), line.size()) == static_cast<ssize_t>(line.size());
  close(in[1]);
  auto said = told ? output_of(out[0], end) : std::string();
  close(out[0]);
  if (child == 0 || status_of(child, end) != 0) return refused;
  said.erase(said.find_last_not_of(" \n") + 1);
  if (said.empty() || said.size() > name_bytes_max) return refused;
  return said;
}

class external : public askr::workspace_secret {
 public:
  explicit external(std::string program) : program_(std::move(program)), thread_([this] { work(); }) {}
  ~external() override {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }

  void authenticate_client(askr::client_credential shown, askr::verdict_handler answer) override {
    if (shown.token.empty()) return answer(askr::error{askr::errc::unauthenticated, "show a token"});
    std::unique_lock lock(mutex_);
    if (waiting_.size() >= waiting_max) {
      lock.unlock();
      return answer(askr::error{askr::errc::overloaded, "too many at the door"});
    }
    waiting_.emplace_back(std::move(shown.token), std::move(answer));
    wake_.notify_one();
  }

 private:
  void work() {
    for (;;) {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
      if (ending_) return;
      auto [token, answer] = std::move(waiting_.front());
      waiting_.pop_front();
      lock.unlock();
      const auto name = run_check(program_, token);
      if (!name) {
        answer(name.error());
        continue;
      }
      askr::principal who;
      who.name = *name;
      who.rights = askr::permissions::member();
      answer(who);
    }
  }

  std::string program_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::pair<std::string, askr::verdict_handler>> waiting_;
  bool ending_ = false;
  std::thread thread_;  // Last: it uses all of the above.
};

std::string try_token(const std::string& url, const std::string& token) {
  askr::client client({.url = url, .token = token, .reconnect = false});
  try {
    client.connect();
    return client.send("who").get().as<std::string>();
  } catch (const askr::failure& why) {
    return why.what();
  }
}

}  // namespace

int main(int count, char** words) {
  if (count < 3) {
    std::cerr << "usage: example-external-authenticator CHECK-PROGRAM TOKEN...\n";
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);  // A check that does not read its stdin.
  askr::node_options options{.name = "house", .workspace = "example-external", .port = 0, .beacon = false};
  options.authenticator = std::make_shared<external>(words[1]);
  askr::node house(std::move(options));
  house.on("who", [](const askr::command& asked) { return "you are " + asked.who().name; });
  house.start();
  for (int i = 2; i < count; ++i) std::cout << words[i] << ": " << try_token(house.url(), words[i]) << '\n';
}
