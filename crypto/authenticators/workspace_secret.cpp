// SPDX-License-Identifier: MIT
#include <askr/authenticators.hpp>

namespace askr {

void authenticator::authenticate_peer(peer_credential, verdict_handler answer) {
  answer(error{errc::unauthenticated, "this authenticator admits no peers"});
}

void authenticator::authenticate_client(client_credential, verdict_handler answer) {
  answer(error{errc::unauthenticated, "this authenticator admits no clients"});
}

void workspace_secret::authenticate_peer(peer_credential shown, verdict_handler answer) {
  principal who;
  who.what = principal::kind::node;
  who.name = std::move(shown.name);
  who.entry = shown.id;
  who.rights = permissions::member();
  answer(std::move(who));
}

void workspace_secret::authenticate_client(client_credential shown, verdict_handler answer) {
  principal who;
  if (!shown.certificate.empty()) {  // Of an authority that the operator has named for this.
    who.name = std::move(shown.certificate);
    who.roles = std::move(shown.certificate_groups);
    who.expires = shown.certificate_expires;
    who.rights = permissions::member();
    return answer(std::move(who));
  }
  if (!shown.loopback) return answer(error{errc::unauthenticated, "clients from other hosts need a token"});
  who.name = "local";
  who.rights = permissions::everything();
  answer(std::move(who));
}

void open_workspace::authenticate_client(client_credential shown, verdict_handler answer) {
  if (shown.loopback || !shown.certificate.empty())
    return workspace_secret::authenticate_client(std::move(shown), std::move(answer));
  principal who;
  who.name = "anonymous";
  who.rights = permissions::member();
  answer(std::move(who));
}

void client_certificate::authenticate_client(client_credential shown, verdict_handler answer) {
  if (shown.certificate.empty()) return answer(error{errc::unauthenticated, "no certificate was shown"});
  workspace_secret::authenticate_client(std::move(shown), std::move(answer));
}

}  // namespace askr
