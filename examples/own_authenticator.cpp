// SPDX-License-Identifier: MIT
// An authenticator of one's own: clients say a password of the day, and only the boss may open the door.
//
//     example-own-authenticator            shows what each of three clients may do
#include <askr/authenticators.hpp>
#include <askr/client.hpp>
#include <askr/node.hpp>

#include <iostream>
#include <map>
#include <memory>
#include <string>

namespace {

/// Peers come in as always: by the workspace's secret.
class passwords : public askr::workspace_secret {
 public:
  void authenticate_client(askr::client_credential shown, askr::verdict_handler answer) override {
    const auto known = names_.find(shown.token);
    if (known == names_.end()) return answer(askr::error{askr::errc::unauthenticated, "not the password of today"});
    askr::principal who;
    who.name = known->second;
    who.rights.allow(askr::verb::send, "bell.>");
    if (who.name == "boss") who.rights.allow(askr::verb::send, "door.>");
    answer(who);
  }

 private:
  std::map<std::string, std::string> names_{{"swordfish", "boss"}, {"mellon", "guest"}};
};

std::string try_door(const std::string& url, const std::string& password) {
  askr::client client({.url = url, .token = password, .reconnect = false});
  try {
    client.connect();
    return client.send("door.open").get().as<std::string>();
  } catch (const askr::failure& why) {
    return why.what();
  }
}

}  // namespace

int main() {
  askr::node_options options{.name = "house", .workspace = "example-passwords", .port = 0, .beacon = false};
  options.authenticator = std::make_shared<passwords>();
  askr::node house(std::move(options));
  house.on("door.open", [](const askr::command& asked) { return "open, " + asked.who().name; });
  house.start();
  for (const auto* password : {"swordfish", "mellon", "open sesame"}) {
    std::cout << password << ": " << try_door(house.url(), password) << '\n';
  }
}
