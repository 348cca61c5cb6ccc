// SPDX-License-Identifier: MIT
#include "transport/io/resolver.hpp"

#include <asio/ip/tcp.hpp>

#include <algorithm>
#include <memory>
#include <utility>

namespace askr::transport {

void look_up(asio::io_context& context, const std::string& host,
             std::function<void(result<std::vector<std::string>>)> done) {
  auto resolver = std::make_shared<asio::ip::tcp::resolver>(context);
  resolver->async_resolve(host, "", [resolver, done = std::move(done)](asio::error_code failed, const auto& found) {
    if (failed) return done(error{errc::io_failed, failed.message()});
    std::vector<std::string> addresses;
    for (const auto& each : found) {
      auto text = each.endpoint().address().to_string();
      if (std::find(addresses.begin(), addresses.end(), text) == addresses.end()) {
        addresses.push_back(std::move(text));
      }
    }
    done(std::move(addresses));
  });
}

}  // namespace askr::transport
