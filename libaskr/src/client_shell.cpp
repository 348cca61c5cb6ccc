// SPDX-License-Identifier: MIT
#include "libaskr/src/client_shell.hpp"

#include "crypto/key_file.hpp"

#include "libaskr/src/handler_errors.hpp"
#include "libaskr/src/thread_context.hpp"
#include "transport/io/connector.hpp"
#include "transport/io/tls_files.hpp"
#include "transport/names.hpp"

#include <asio/buffer.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>

#include <algorithm>
#include <utility>

namespace askr {
namespace {

constexpr std::size_t received_bytes = 64 << 10;
constexpr std::size_t tasks_max = 65536;
constexpr std::size_t seal_bytes_max = 64 << 10;
constexpr milliseconds goodbye = seconds(1);

client_options validated(client_options options) {
  if (const auto checked = validate(options); !checked) throw failure(checked.error());
  return options;
}

std::optional<tls::context> tls_context_for(const client_options& options) {
  if (!client_url::parse(options.url)->tls) return std::nullopt;
  auto made = transport::load_client_context(options);
  if (!made) throw failure(made.error());
  return std::move(made).value();
}

}  // namespace

client_shell::client_shell(client_options options, asio::io_context* context)
    : options_(validated(std::move(options))),
      own_context_(context == nullptr ? std::make_unique<asio::io_context>(1) : nullptr),
      context_(context == nullptr ? own_context_.get() : context),
      core_(options_, client_url::parse(options_.url).value(), entropy{}.next()),
      workers_(options_.workers),
      socket_(*context_),
      tls_context_(tls_context_for(options_)),
      timer_(*context_) {
  received_.resize(received_bytes);
  if (tls_context_) plain_.resize(tls::record_bytes_max);
  if (options_.signing_key_file.empty()) return;
  auto key = crypto::load_signing_key(options_.signing_key_file, crypto::signing_key_kind::client);
  if (!key) throw failure(key.error());
  core_.set_key(std::move(*key));
}

client_shell::~client_shell() = default;

void client_shell::start() {
  if (!own_context_) {
    asio::post(*context_, [self = shared_from_this()] { set_thread_context(*self->context_); });
    return;
  }
  thread_ = std::thread([this] {
    set_thread_context(*context_);
    const auto working = asio::make_work_guard(*context_);
    context_->run();
  });
}

void client_shell::close() {
  std::future<void> closed;
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return;
    closed = closing_.emplace_back().get_future();
  }
  const auto say_goodbye = [self = shared_from_this()] {
    self->core_.close(clock::now());
    self->end_turn();
  };
  if (context_->stopped()) return say_goodbye();
  asio::post(*context_, say_goodbye);
  if (!on_own_thread()) closed.wait_for(goodbye);
}

void client_shell::stop() {
  close();
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(stopped_, true)) return;
  }
  const auto drop = [self = shared_from_this()] {
    self->run_tasks();
    self->drop_socket({errc::closed, "the client was closed"});
    self->timer_.cancel();
  };
  if (own_context_) {
    own_context_->stop();
    if (thread_.joinable()) thread_.join();
    workers_.stop();
    drop();
    // What is still queued keeps this object alive: let it run into its ends.
    own_context_->restart();
    own_context_->poll();
  } else {
    workers_.stop();
    context_->stopped() || on_own_thread() ? drop() : asio::post(*context_, drop);
  }
}

// --- tasks from outside

bool client_shell::run(task work) {
  {
    const std::lock_guard lock(mutex_);
    if (stopped_ || tasks_.size() >= tasks_max) return false;
    tasks_.push_back(std::move(work));
    if (std::exchange(tasks_posted_, true)) return true;
  }
  asio::post(*context_, [self = shared_from_this()] { self->run_tasks(); });
  return true;
}

void client_shell::run_tasks() {
  {
    const std::lock_guard lock(mutex_);
    running_tasks_.swap(tasks_);
    tasks_posted_ = false;
  }
  for (auto& each : running_tasks_) each();
  running_tasks_.clear();
  touch();
}

void client_shell::run_with(client::completion done, detail::unique_function<void(client::completion)> work) {
  auto kept = std::make_shared<client::completion>(std::move(done));
  const bool taken = run([kept, work = std::move(work)]() mutable { work(std::move(*kept)); });
  if (!taken) (*kept)(error{errc::closed, "the client was closed, or takes no more work"});
}

void client_shell::connect(client::completion done) {
  run_with(std::move(done), [this](client::completion when_done) {
    core_.connect(clock::now(), [this, when_done = std::move(when_done)](result<payload> outcome) mutable {
      note_state();  // Whoever has waited for the welcome may ask for the node's name.
      when_done(std::move(outcome));
    });
  });
}

void client_shell::send(std::string_view name, payload data, const send_options& options, client::completion done,
                        client_core::question what) {
  if (!transport::is_name(name)) return done(error{errc::bad_options, "this is no name of a command"});
  if (options.timeout > send_timeout_max) return done(error{errc::bad_options, "a timeout is at most 5 minutes"});
  if (!options.to.empty() && !transport::is_name(options.to)) return done(error{errc::bad_options, "this is no node"});
  if (!options.key.empty() && !transport::is_name(options.key)) return done(error{errc::bad_options, "this is no key"});
  what.name = name;
  what.to = options.to;
  what.key = options.key;
  what.data = std::move(data);
  what.timeout = options.timeout;
  what.idempotent = options.idempotent;
  what.balance = options.balance;
  run_with(std::move(done),
           [this, sent = clock::now(), kept = std::make_unique<client_core::question>(std::move(what))](
               client::completion when_done) mutable { core_.send(sent, std::move(*kept), std::move(when_done)); });
}

void client_shell::cancel(command_id number) {
  run([this, number] { core_.cancel(number); });
}

std::string client_shell::node_name() const {
  const std::lock_guard lock(mutex_);
  return node_name_;
}

// --- handlers that answer later

void client_shell::start_jobs() {
  for (auto& each : core_.take_jobs()) start_job(std::move(each));
}

void client_shell::start_job(client_job job) {
  if (job.feed) {
    job.feed->open([weak = weak_from_this(), serving = job.serving] {
      const auto self = weak.lock();
      return self && self->run([self, serving] { self->core_.on_parts(serving); });
    });
  }
  // Not a shared one: a coroutine that never ends lives in our io_context, and would keep us alive for ever.
  auto answer = [weak = weak_from_this(), serving = job.serving](result<payload> outcome) mutable {
    const auto self = weak.lock();
    if (!self) return;
    self->run([self, serving, outcome = std::move(outcome)]() mutable {
      self->core_.on_answer(serving, std::move(outcome));
    });
  };
  if (job.handler->how == detail::handler::mode::blocking) {
    return workers_.run([job = std::move(job), answer = std::move(answer)]() mutable {
      byte_buffer packed;
      const auto kind = answer_or_error(job.handler->answer, job.asked, packed);
      answer(kind ? result<payload>(payload(std::move(packed), *kind)) : result<payload>(kind.error()));
    });
  }
  try {
    job.handler->start(std::move(job.asked), responder(std::move(answer)));
  } catch (...) {
    // The responder was destroyed on the way, and has answered.
  }
}

// --- the socket

void client_shell::dial(milliseconds timeout) {
  const auto url = client_url::parse(options_.url);
  auto attempt = std::make_shared<transport::connector>(*context_);
  attempt->start(url->at, timeout, [self = shared_from_this()](result<asio::ip::tcp::socket> outcome) {
    if (!outcome) {
      self->core_.on_dial_failed(clock::now(), outcome.error());
    } else if (!self->core_.closed()) {
      self->adopt(std::move(outcome).value());
    }
    self->touch();
  });
}

void client_shell::adopt(asio::ip::tcp::socket socket) {
  socket_ = std::move(socket);
  asio::error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  writing_ = shut_down_ = false;
  ++connection_;
  if (tls_context_) tls_ = std::make_unique<tls::channel>(*tls_context_, client_url::parse(options_.url)->at.host);
  sealed_.clear();
  sealed_written_ = 0;
  core_.on_dialed(clock::now());
  read();
}

void client_shell::read() {
  const auto done = [self = shared_from_this(), number = connection_](asio::error_code failed, std::size_t bytes) {
    if (number != self->connection_ || !self->socket_.is_open()) return;
    if (failed) {
      const bool ended = failed == asio::error::eof;
      self->drop_socket({errc::closed, ended ? "the node closed the connection" : failed.message()});
      return self->touch();
    }
    self->on_received(mutable_byte_span(self->received_).first(bytes));
    self->touch();
    if (self->socket_.is_open()) self->read();
  };
  socket_.async_read_some(asio::buffer(received_.data(), received_.size()), done);
}

void client_shell::on_received(mutable_byte_span received) {
  if (!tls_) return core_.on_bytes(clock::now(), received);
  tls_->on_bytes(received);
  for (auto plain = tls_->next(plain_); !plain.empty(); plain = tls_->next(plain_)) {
    core_.on_bytes(clock::now(), plain);
  }
  if (tls_->ended()) drop_socket(tls_->why_ended());
}

byte_span client_shell::next_output() {
  if (!tls_) return core_.output();
  if (sealed_written_ == sealed_.size()) {
    sealed_.clear();
    sealed_written_ = 0;
    if (tls_->established()) {
      const auto plain = core_.output();
      const auto part = plain.first(std::min(plain.size(), seal_bytes_max));
      tls_->seal(part);
      if (!part.empty()) core_.consume(part.size());
    }
    append(sealed_, tls_->output());
    tls_->consume(tls_->output().size());
  }
  return byte_span(sealed_).subspan(sealed_written_);
}

void client_shell::consume(std::size_t written) { tls_ ? void(sealed_written_ += written) : core_.consume(written); }

void client_shell::write() {
  if (writing_ || !socket_.is_open()) return;
  const auto output = next_output();
  if (output.empty()) return;
  writing_ = true;
  const auto done = [self = shared_from_this(), number = connection_](asio::error_code failed, std::size_t bytes) {
    if (number != self->connection_ || !self->socket_.is_open()) return;
    self->writing_ = false;
    if (!failed) {
      self->consume(bytes);
      self->write();
    }
    self->touch();  // A broken connection shows where it is read.
  };
  socket_.async_write_some(asio::buffer(output.data(), output.size()), done);
}

void client_shell::drop_socket(const error& why) {
  asio::error_code ignored;
  socket_.close(ignored);
  core_.on_end(clock::now(), why);
}

// --- turns

void client_shell::touch() {
  if (std::exchange(turn_ending_, true)) return;
  asio::post(*context_, [self = shared_from_this()] {
    self->turn_ending_ = false;
    self->end_turn();
  });
}

void client_shell::end_turn() {
  const auto now = clock::now();
  if (core_.next_timeout() <= now) core_.on_timeout(now);
  start_jobs();
  if (const auto timeout = core_.take_dial(now)) dial(*timeout);
  write();
  if (core_.should_shutdown_send() && !std::exchange(shut_down_, true)) {
    if (tls_) {
      tls_->close();
      write();
    } else {
      asio::error_code ignored;
      socket_.shutdown(asio::socket_base::shutdown_send, ignored);
    }
  }
  if (core_.should_close()) drop_socket({errc::closed, "the connection was closed"});
  note_state();
  if (core_.closed()) {
    timer_.cancel();  // Nothing of this client keeps the loop running any more.
  } else {
    arm_timer();
  }
}

/// What other threads see of the core.
void client_shell::note_state() {
  const std::lock_guard lock(mutex_);
  if (node_name_ != core_.node_name()) node_name_ = core_.node_name();
  if (!core_.closed()) return;
  for (auto& each : std::exchange(closing_, {})) each.set_value();
}

void client_shell::arm_timer() {
  const auto due = core_.next_timeout();
  if (due >= timer_due_) return;  // It fires earlier anyway, and looks again then.
  timer_due_ = due;
  timer_.expires_at(due);
  timer_.async_wait([self = shared_from_this()](asio::error_code failed) {
    if (failed) return;
    self->timer_due_ = time_point::max();
    self->end_turn();
  });
}

}  // namespace askr
