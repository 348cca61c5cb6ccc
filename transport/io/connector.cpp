// SPDX-License-Identifier: MIT
#include "transport/io/connector.hpp"

#include <asio/connect.hpp>

#include <utility>

namespace askr::transport {

void connector::start(const endpoint& to, milliseconds timeout, completion done) {
  done_ = std::move(done);
  deadline_.expires_after(timeout);
  deadline_.async_wait([self = shared_from_this()](asio::error_code canceled) {
    if (!canceled) self->finish(error{errc::timed_out, "no connection in time"});
  });
  asio::error_code not_numeric;
  const auto address = asio::ip::make_address(to.host, not_numeric);
  if (!not_numeric) {
    const asio::ip::tcp::endpoint at(address, to.port);
    return connect(asio::ip::tcp::resolver::results_type::create(at, to.host, std::to_string(to.port)));
  }
  resolver_.async_resolve(to.host, std::to_string(to.port),
                          [self = shared_from_this()](asio::error_code failed, const auto& addresses) {
                            if (!self->done_) return;
                            if (failed) return self->finish(error{errc::io_failed, "resolve: " + failed.message()});
                            self->connect(addresses);
                          });
}

void connector::connect(const asio::ip::tcp::resolver::results_type& addresses) {
  asio::async_connect(socket_, addresses, [self = shared_from_this()](asio::error_code failed, const auto&) {
    if (failed) return self->finish(error{errc::io_failed, "connect: " + failed.message()});
    self->finish(std::move(self->socket_));
  });
}

void connector::cancel() {
  done_ = [](auto) {};
  finish(error{errc::canceled});
}

void connector::finish(result<asio::ip::tcp::socket> outcome) {
  if (!done_) return;
  auto done = std::exchange(done_, {});
  deadline_.cancel();
  resolver_.cancel();
  asio::error_code ignored;
  if (!outcome) socket_.close(ignored);
  done(std::move(outcome));
}

}  // namespace askr::transport
