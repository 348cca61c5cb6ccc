// SPDX-License-Identifier: MIT
#include <askr/assert.hpp>
#include <askr/authenticators.hpp>

namespace askr {
namespace {

using authenticator_list = std::vector<std::shared_ptr<authenticator>>;

/// Asks the one at `next`, and if it refuses those behind it; the first refusal is the answer if all do.
void ask_in_turn(authenticator_list all, std::size_t next, client_credential shown, verdict_handler answer) {
  const auto asked = all[next];
  auto copy = shown;
  asked->authenticate_client(std::move(copy), [all = std::move(all), next, shown = std::move(shown),
                                               answer = std::move(answer)](result<principal> verdict) mutable {
    if (verdict || next + 1 == all.size()) return answer(std::move(verdict));
    ask_in_turn(std::move(all), next + 1, std::move(shown),
                [first = verdict.error(), answer = std::move(answer)](result<principal> later) mutable {
                  later ? answer(std::move(later)) : answer(std::move(first));
                });
  });
}

}  // namespace

peers_and_clients::peers_and_clients(std::shared_ptr<authenticator> peers,
                                     std::vector<std::shared_ptr<authenticator>> clients)
    : peers_(std::move(peers)), clients_(std::move(clients)) {
  ASKR_ASSERT(peers_ != nullptr);
}

void peers_and_clients::authenticate_peer(peer_credential shown, verdict_handler answer) {
  peers_->authenticate_peer(std::move(shown), std::move(answer));
}

void peers_and_clients::authenticate_client(client_credential shown, verdict_handler answer) {
  if (clients_.empty()) return answer(error{errc::unauthenticated, "this node admits no clients"});
  ask_in_turn(clients_, 0, std::move(shown), std::move(answer));
}

std::vector<std::string> peers_and_clients::files() const {
  auto all = peers_->files();
  for (const auto& each : clients_) {
    for (auto& path : each->files()) all.push_back(std::move(path));
  }
  return all;
}

result<void> peers_and_clients::reload() {
  auto outcome = peers_->reload();
  for (const auto& each : clients_) {
    if (auto read = each->reload(); !read && outcome) outcome = read;
  }
  return outcome;
}

}  // namespace askr
