// SPDX-License-Identifier: MIT
#include "libaskr/src/admission_shell.hpp"

#include "libaskr/src/connection.hpp"
#include "libaskr/src/node_setup.hpp"
#include "libaskr/src/node_shell.hpp"

#include <algorithm>
#include <utility>

namespace askr {
namespace {

constexpr milliseconds tick = 500ms;

/// Takes the authenticator's answer to the node's thread; one that is dropped without an answer has refused.
class answer_sheet {
 public:
  answer_sheet(std::weak_ptr<node_shell> shell, std::uint64_t question)
      : shell_(std::move(shell)), question_(question) {}
  answer_sheet(answer_sheet&& other) noexcept
      : shell_(std::move(other.shell_)), question_(std::exchange(other.question_, 0)) {}
  answer_sheet& operator=(answer_sheet&&) = delete;
  ~answer_sheet() {
    if (question_ != 0) (*this)(error{errc::unauthenticated, "the authenticator gave no answer"});
  }

  void operator()(result<principal> verdict) {
    const auto question = std::exchange(question_, 0);
    const auto shell = shell_.lock();
    if (question == 0 || !shell) return;
    shell->run([admissions = &shell->admissions(), question, verdict = std::move(verdict)]() mutable {
      admissions->on_answer(question, std::move(verdict));
    });
  }

 private:
  std::weak_ptr<node_shell> shell_;
  std::uint64_t question_;
};

}  // namespace

admission_shell::admission_shell(node_shell& shell)
    : shell_(shell), questions_(shell.options().limits.verdict_deadline), timer_(shell.context()) {}

void admission_shell::start() {
  started_ = true;
  // First how they are, then what they say: nothing that happens in between is missed.
  files_ = watched_files(shell_.authenticator().files());
  if (!files_.empty()) reload();
  if (const auto& path = shell_.options().secret_file; !path.empty()) {
    secret_file_ = watched_files({path});
    reload_secrets();
  }
  watch();
}

void admission_shell::stop() {
  started_ = false;
  timer_.cancel();
}

// --- questions

template <class Ask>
void admission_shell::ask_guarded(open_questions::answer then, Ask ask) {
  const auto question = questions_.add(clock::now(), std::move(then));
  try {
    ask(verdict_handler(answer_sheet(shell_.weak_from_this(), question)));
  } catch (const std::exception& thrown) {
    shell_.log(log_level::error, std::string("authenticator: threw what=") + thrown.what());
  } catch (...) {
    shell_.log(log_level::error, "authenticator: threw something");
  }
}

void admission_shell::ask(peer_credential shown, open_questions::answer then) {
  shown.shown_at = wall_now();
  ask_guarded(std::move(then), [&](verdict_handler answer) {
    shell_.authenticator().authenticate_peer(std::move(shown), std::move(answer));
  });
}

void admission_shell::ask(client_credential shown, open_questions::answer then) {
  shown.shown_at = wall_now();
  ask_guarded(std::move(then), [&](verdict_handler answer) {
    shell_.authenticator().authenticate_client(std::move(shown), std::move(answer));
  });
}

void admission_shell::on_answer(std::uint64_t question, result<principal> verdict) {
  if (verdict && verdict->expires != 0) {
    if (verdict->expires <= wall_now()) verdict = error{errc::unauthenticated, "the credential has expired"};
    note_expiry(verdict);
  }
  questions_.on_answer(question, std::move(verdict));
  shell_.touch();
}

void admission_shell::follow(time_point) {
  for (auto& claim : shell_.core().members().take_claims()) {
    const auto id = claim.shown.id;
    ask(std::move(claim.shown), [this, id, life = claim.life](result<principal> verdict) {
      shell_.core().members().on_owner_verdict(id, life, std::move(verdict));
    });
  }
  for (auto& [session, shown] : shell_.core().clients().take_credentials()) {
    ask(std::move(shown), [this, session = session](result<principal> verdict) {
      const auto found = shell_.sessions().find(session);
      if (found != shell_.sessions().end()) found->second->on_client_verdict(std::move(verdict));
    });
  }
}

void admission_shell::ask_again() {
  auto& core = shell_.core();
  core.members().view().claim_all();
  core.clients().review();
  for (const auto& [link, at] : shell_.links()) at->ask_again();
  shell_.touch();
}

// --- files and expiry

void admission_shell::note_expiry(const result<principal>& verdict) {
  if (!verdict) return;
  if (next_expiry_ == 0 || verdict->expires < next_expiry_) next_expiry_ = verdict->expires;
  watch();
}

void admission_shell::watch() {
  if (!started_ || ticking_ || (files_.empty() && secret_file_.empty() && next_expiry_ == 0)) return;
  ticking_ = true;
  timer_.expires_after(tick);
  timer_.async_wait([this, weak = shell_.weak_from_this()](asio::error_code canceled) {
    const auto keep = weak.lock();
    if (!keep) return;
    ticking_ = false;
    if (!canceled && started_) on_tick();
  });
}

void admission_shell::on_tick() {
  if (files_.take_changed()) {
    reload();
    ask_again();
  }
  if (secret_file_.take_changed()) reload_secrets();
  replace_outdated(clock::now());
  // Against the wall clock each time: it may be set, and the host may have slept.
  if (const auto wall = wall_now(); next_expiry_ != 0 && wall >= next_expiry_) {
    next_expiry_ = shell_.core().end_expired(clock::now(), wall);
    shell_.touch();
  }
  watch();
}

void admission_shell::reload() {
  result<void> read;
  try {
    read = shell_.authenticator().reload();
  } catch (const std::exception& thrown) {
    read = error{errc::bad_key_file, thrown.what()};
  }
  if (!read) {
    return shell_.log(log_level::error, "authenticator: what it read before still holds why=" + read.error().message());
  }
  shell_.core().members().set_credential(shell_.authenticator().credential());
}

// --- the workspace's secrets

void admission_shell::reload_secrets() {
  try {
    auto keys = load_keyring(shell_.options());
    const auto is_known = [&](const auto& each) { return shell_.keys()->has(each.hash); };
    const bool same = keys.all().size() == shell_.keys()->all().size() &&
                      keys.newest().hash == shell_.keys()->newest().hash &&
                      std::all_of(keys.all().begin(), keys.all().end(), is_known);
    if (same) return;
    shell_.log(log_level::info, "node: workspace secrets exchanged count=" + std::to_string(keys.all().size()));
    shell_.set_keys(std::move(keys));
    shell_.core().members().beacon_again(clock::now());
    shell_.touch();
  } catch (const failure& why) {
    shell_.log(log_level::error, std::string("node: the workspace's secrets stay as they were why=") + why.what());
  }
}

// The end that dialled dials once more, by the newest secret; the new link takes the old one's place, which retires
// when nothing is under way on it. Who does not know a secret that counts is closed in the end.
void admission_shell::replace_outdated(time_point now) {
  std::map<link_id, time_point> outdated;
  for (const auto& [link, at] : shell_.links()) {
    auto* peer = shell_.core().peers().find(link);
    if (peer == nullptr || peer->retiring || at->opened_by(*shell_.keys())) continue;
    const auto known = outdated_.find(link);
    outdated[link] = known == outdated_.end() ? now : known->second;
    if (known == outdated_.end()) {
      if (at->was_dialed()) shell_.core().members().links().renew(now, peer->node);
    } else if (now - known->second >= shell_.options().links.old_secret_kept) {
      shell_.core().members().dismiss(*peer, {errc::unauthenticated, "its workspace secret was removed"});
    }
  }
  outdated_ = std::move(outdated);
  if (!outdated_.empty()) shell_.touch();
}

}  // namespace askr
