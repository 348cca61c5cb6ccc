// SPDX-License-Identifier: MIT
#pragma once

/// Who is in, as the authenticator says: asks it about peers, nodes and clients, whatever it does (it may throw, hang
/// or answer late, from any thread), asks again when its files change, and ends what has expired. Workspace secrets are
/// exchanged here, too: a link opened by one that was removed is replaced, so that nothing under way is lost.

#include "libaskr/src/caller.hpp"
#include "libaskr/src/open_questions.hpp"
#include "libaskr/src/watched_files.hpp"

#include <askr/authenticator.hpp>

#include <asio/steady_timer.hpp>

#include <map>
#include <memory>

namespace askr {

class node_shell;

class admission_shell {
 public:
  explicit admission_shell(node_shell& shell);

  void start();
  void stop();

  /// `then` runs once, on the node's thread, in a later turn.
  void ask(peer_credential shown, open_questions::answer then);
  void ask(client_credential shown, open_questions::answer then);
  void on_answer(std::uint64_t question, result<principal> verdict);
  /// The core's own questions.
  void follow(time_point now);
  void on_timeout(time_point now) { questions_.on_timeout(now); }
  time_point next_timeout() const noexcept { return questions_.next_timeout(); }
  /// About everybody who is in.
  void ask_again();

 private:
  template <class Ask>
  void ask_guarded(open_questions::answer then, Ask ask);
  void watch();
  void on_tick();
  void reload();
  void reload_secrets();
  void replace_outdated(time_point now);
  void note_expiry(const result<principal>& verdict);

  node_shell& shell_;
  open_questions questions_;
  watched_files files_;
  watched_files secret_file_;
  std::map<link_id, time_point> outdated_;  ///< Links whose secret was removed, since when.
  asio::steady_timer timer_;
  bool ticking_ = false;
  bool started_ = false;
  wall_ms next_expiry_ = 0;  ///< Of those who are in; 0: nobody's.
};

}  // namespace askr
