// SPDX-License-Identifier: MIT
// How a peer comes in by the authenticator's verdict, and is put out again by a later one.
#include "libaskr/src/connection.hpp"
#include "libaskr/src/node_shell.hpp"

#include <utility>

namespace askr {

void connection::ask_about_peer() {
  asked_ = true;
  const auto& proof = link_->peer();
  if (dialed_.expected && *dialed_.expected != proof.id) {
    return link_->close(error{errc::unauthenticated, "another node answered"});
  }
  if (dialed_.dial != 0 && !shell_.core().members().on_dial_proved(dialed_.dial, proof.id)) {
    return link_->close(error{errc::closed, "linked already"});
  }
  write(link_->output());
  ask_authenticator();
}

void connection::ask_authenticator() {
  const auto& proof = link_->peer();
  peer_credential shown{.id = proof.id,
                        .noise_key = proof.noise_key,
                        .sign_key = proof.hello.sign_key,
                        .name = proof.hello.name,
                        .credential = proof.hello.credential,
                        .channel_binding = proof.channel_binding};
  // It may have shown another one since the handshake, in its record.
  if (const auto* up = shell_.core().peers().find(link_number_)) {
    auto newer = shell_.core().members().view().credential_of(up->node, up->life);
    if (newer) shown.credential = std::move(*newer);
  }
  shell_.admissions().ask(std::move(shown), [weak = weak_from_this()](result<principal> verdict) {
    if (const auto self = weak.lock(); self && self->open_) self->on_peer_verdict(std::move(verdict));
  });
}

void connection::ask_again() {
  if (open_ && !std::exchange(under_review_, true)) ask_authenticator();
}

void connection::on_review(result<principal> verdict) {
  under_review_ = false;
  auto* peer = shell_.core().peers().find(link_number_);
  if (peer == nullptr) return;
  if (verdict) {
    peer->who = std::move(verdict).value();
    return;
  }
  shell_.log(log_level::warning, "link: no longer admitted name=" + peer->name + " why=" + verdict.error().message());
  shell_.core().members().dismiss(*peer, verdict.error());
}

void connection::on_peer_verdict(result<principal> verdict) {
  if (link_number_ != no_link) return on_review(std::move(verdict));
  if (!verdict) {
    shell_.log(log_level::warning,
               "link: peer refused name=" + link_->peer().hello.name + " why=" + verdict.error().message());
    return close(verdict.error());
  }
  link_->admit();
  if (link_->state() != transport::link_state::established) return drive_link();
  link_is_up(std::move(verdict).value());
  if (!open_) return;
  drive_link();
  if (!open_) return;
  arm_timer();  // For new keys.
  shell_.touch();
  wait_readable();
}

}  // namespace askr
