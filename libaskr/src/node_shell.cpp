// SPDX-License-Identifier: MIT
#include "libaskr/src/node_shell.hpp"

#include "libaskr/src/call_depth.hpp"
#include "libaskr/src/connection.hpp"
#include "libaskr/src/handler_errors.hpp"
#include "libaskr/src/node_setup.hpp"
#include "libaskr/src/thread_context.hpp"

#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>

#include <algorithm>

namespace askr {
namespace {

constexpr std::size_t scratch_bytes = 64 << 10;
constexpr std::size_t tasks_max = 65536;
constexpr duration company_time = microseconds(2);  // From one ready connection to the next; a wake-up takes longer.
constexpr milliseconds goodbye_time = 250ms;        // For the other sides to hear that this node stops.

}  // namespace

node_shell::node_shell(node_options options, asio::io_context* context)
    : options_(validated(std::move(options))),
      own_context_(context == nullptr ? std::make_unique<asio::io_context>(ASIO_CONCURRENCY_HINT_UNSAFE_IO) : nullptr),
      context_(context == nullptr ? own_context_.get() : context),
      identity_(load_identity(options_)),
      keys_(std::make_shared<const crypto::keyring>(load_keyring(options_))),
      self_(describe(options_, identity_)),
      proof_(keys_->newest().name_hash),
      signer_(identity_, keys_->newest().name_hash),
      seal_(identity_),
      core_(options_, self_, {signer_, proof_, memo_, seal_}, entropy{}.next()),
      workers_(options_.workers),
      listener_(std::make_shared<transport::listener>(*context_)),
      discovery_(*this),
      tls_(*this, options_.tls),
      admissions_(*this),
      timer_(*context_),
      strangers_(options_.limits, options_.tls),
      connections_max_(connections_allowed()) {
  scratch_.resize(scratch_bytes);
  if (!options_.authenticator) options_.authenticator = default_authenticator(options_);
}

node_shell::~node_shell() = default;

// --- tasks from outside

bool node_shell::here() const noexcept {
  return running_ && !stopped_ && context_->get_executor().running_in_this_thread();
}

bool node_shell::run(task&& work) {
  if (here()) {
    if (own_tasks_.size() >= tasks_max) return false;
    own_tasks_.push_back(std::move(work));
    touch();
    return true;
  }
  {
    const std::lock_guard lock(tasks_mutex_);
    if (stopped_ || tasks_.size() >= tasks_max) return false;
    tasks_.push_back(std::move(work));
    if (tasks_posted_ || !running_) return true;
    tasks_posted_ = true;
  }
  asio::post(*context_, [self = shared_from_this()] { self->run_tasks(); });
  return true;
}

void node_shell::run_tasks() {
  auto tasks = std::exchange(spare_tasks_, {});
  {
    const std::lock_guard lock(tasks_mutex_);
    tasks.swap(tasks_);
    tasks_posted_ = false;
  }
  run_all(std::move(tasks));
  touch();
}

void node_shell::run_own_tasks() {
  auto tasks = std::exchange(spare_tasks_, {});
  tasks.swap(own_tasks_);
  run_all(std::move(tasks));
}

void node_shell::run_all(std::vector<task> tasks) {
  if (!tasks.empty()) {
    const auto started = clock::now();
    at_tasks_ = true;
    for (auto& each : tasks) each();
    at_tasks_ = false;
    tasks.clear();
    warn_if_slow(started, clock::now());
  }
  spare_tasks_ = std::move(tasks);
}

// What was asked before comes first. In a loop that emits, the clock is read once a turn.
bool node_shell::try_emit(std::string_view topic, payload_view data) {
  if (!here() || at_tasks_ || !own_tasks_.empty()) return false;
  touch();
  return core_.try_emit(in_turn_ ? turn_time_ : touched_at_, topic, data);
}

void node_shell::call_and_wait(const std::function<void()>& work) {
  if (!running_ || context_->get_executor().running_in_this_thread()) {
    work();
    return touch();
  }
  const auto done = std::make_shared<std::promise<void>>();  // Whoever of the two is last destroys it.
  const auto finished = done->get_future();
  asio::post(*context_, [this, done, &work] {
    touch();
    work();
    done->set_value();
  });
  finished.wait();
}

// --- starting and stopping

void node_shell::start() {
  if (running_ || stopped_) throw failure(errc::closed, "a node is started once");
  listen();
  core_.start(clock::now(), discovery_.prepare());
  running_ = true;
  // From here on only the node's thread touches any of it; clients that connect meanwhile wait in the socket's queue.
  asio::post(*context_, [self = shared_from_this()] { self->open(); });
  if (!own_context_) return;
  thread_ = std::thread([this] { run_context(); });
}

void node_shell::run_context() {
  const auto working = asio::make_work_guard(*context_);
  if (options_.busy_poll.count() == 0) return static_cast<void>(context_->run());
  for (auto worked = clock::now(); !context_->stopped();) {
    const bool waits = clock::now() - worked >= options_.busy_poll;
    if ((waits ? context_->run_one() : context_->poll()) > 0) worked = clock::now();
  }
}

void node_shell::open() {
  if (stopped_) return;
  log(log_level::info, "node: listening name=" + name() + " url=" + url() + " workspace=" + options_.workspace);
  if (!keys_->newest().secret_given) {
    log(options_.open ? log_level::warning : log_level::info,
        options_.open ? "node: OPEN, anybody may join and send commands bind=" + options_.bind
                      : "node: no workspace secret, so everything stays on loopback");
  }
  tls_.start();
  discovery_.start();
  admissions_.start();
  listener_->start([this](transport::stream_socket socket) { adopt(std::move(socket))->start_accepted(); });
  run_tasks();
}

void node_shell::listen() {
  const auto port = listener_->open({options_.bind, options_.port}, options_.port_tries);
  if (!port) throw failure(port.error());
  port_ = *port;
  if (!options_.unix_links) return;
  const auto beside = listener_->open_unix(transport::unix_endpoint(keys_->newest(), {options_.bind, port_}));
  if (!beside) log(log_level::warning, "node: no unix socket for nodes of this host why=" + beside.error().detail);
}

void node_shell::stop() {
  if (!stopped_.exchange(true)) begin_to_end();
  // Whoever destroys the node waits, and that is for the handlers at work too.
  if (workers_.is_here() || (running_ && context_->get_executor().running_in_this_thread())) return;
  ended_.wait();
  const std::lock_guard lock(stop_mutex_);
  running_ = false;
  workers_.stop();
  if (!own_context_) return;
  own_context_->stop();
  if (thread_.joinable()) thread_.join();
  // What is still queued keeps this object alive: let it run into its ends.
  own_context_->restart();
  own_context_->poll();
}

void node_shell::begin_to_end() {
  if (!running_) {  // It never was: what was asked of it meanwhile ends in `closed`.
    core_.stop(clock::now());
    run_tasks();
    return set_ended();
  }
  if (context_->stopped()) {  // Nobody runs it any more.
    say_goodbye();
    return close_all();
  }
  // Never inside the stack of a handler that called stop(): the core is in the midst of something there.
  asio::post(*context_, [self = shared_from_this()] {
    self->say_goodbye();
    self->linger();
  });
}

void node_shell::say_goodbye() {
  run_tasks();
  run_own_tasks();
  core_.stop(clock::now());
  end_turn(clock::now());
  listener_->close();
  discovery_.stop();
  tls_.stop();
  admissions_.stop();
  timer_.cancel();
  for (const auto& each : std::set(connections_)) each->finish();
}

void node_shell::linger() {
  lingering_ = true;
  if (connections_.empty()) return close_all();
  timer_.expires_after(goodbye_time);
  timer_.async_wait([self = shared_from_this()](asio::error_code canceled) {
    if (!canceled) self->close_all();
  });
}

void node_shell::close_all() {
  for (const auto& each : std::set(connections_)) each->close(error{errc::closed, "the node was stopped"});
  set_ended();
}

void node_shell::set_ended() {
  timer_.cancel();
  if (!std::exchange(has_ended_, true)) ending_.set_value();
}

std::string node_shell::url() const {
  // A wildcard is nothing to connect to.
  const auto& bind = options_.bind;
  const endpoint at{bind == "0.0.0.0" ? "127.0.0.1" : bind == "::" ? "::1" : bind, port_};
  asio::error_code failed;
  const bool plain = tls_.plain_allowed(asio::ip::make_address(at.host, failed).is_loopback());
  return (plain ? "ws://" : "wss://") + at.to_string();
}

// --- connections

std::shared_ptr<connection> node_shell::adopt(transport::stream_socket socket) {
  auto made = std::make_shared<connection>(*this, std::move(socket));
  connections_.insert(made);
  return made;
}

void node_shell::remove(connection& which) {
  connections_.erase(which.shared_from_this());
  if (lingering_ && connections_.empty()) set_ended();
}

stranger_gate::ticket node_shell::admit_stranger(connection& which, const asio::ip::address& address) {
  if (connections_.size() > connections_max_) return 0;
  const bool local = address.is_loopback();
  const auto from = address.is_v4() ? stranger_gate::source::of_ipv4(address.to_v4().to_bytes(), local)
                                    : stranger_gate::source::of_ipv6(address.to_v6().to_bytes(), local);
  const auto place = strangers_.admit(clock::now(), from);
  if (place.evicted != 0) {
    ++core_.counts().strangers_evicted;
    stranger_connections_.at(place.evicted)->close(error{errc::overloaded, "a newer stranger took its place"});
  }
  if (place.admitted != 0) stranger_connections_.emplace(place.admitted, &which);
  return place.admitted;
}

void node_shell::forget_stranger(stranger_gate::ticket which, bool failed) {
  stranger_connections_.erase(which);
  strangers_.leave(clock::now(), which, failed);
}

// --- handlers that answer later

void node_shell::start_jobs() {
  for (auto& each : core_.take_jobs()) start_job(std::move(each));
}

void node_shell::start_job(handler_job job) {
  const auto serving = job.serving;
  // Not shared: what waits in this node's own context must not keep the node, which keeps the context.
  auto answer = [weak = weak_from_this(), serving](result<payload> outcome) {
    const auto self = weak.lock();
    if (!self) return;
    self->run([core = &self->core_, serving, outcome = std::move(outcome)]() mutable {
      core->on_answer(clock::now(), serving, std::move(outcome));
    });
  };
  if (job.feed) {
    job.feed->open([weak = weak_from_this(), serving] {
      const auto self = weak.lock();
      return self && self->run([core = &self->core_, serving] { core->on_parts(clock::now(), serving); });
    });
  }
  if (job.handler->how == detail::handler::mode::blocking) {
    return workers_.run([job = std::move(job), answer = std::move(answer)]() mutable {
      const call_depth_scope scope(static_cast<std::uint8_t>(job.asked.depth + 1));
      byte_buffer packed;
      const auto kind = answer_or_error(job.handler->answer, job.asked, packed);
      answer(kind ? result<payload>(payload(std::move(packed), *kind)) : result<payload>(kind.error()));
    });
  }
  set_thread_context(*context_);
  try {
    job.handler->start(std::move(job.asked), responder(std::move(answer)));
  } catch (...) {
    // The responder was destroyed on the way, and has answered.
  }
}

// --- turns

// A link's turn begins when its bytes are there. It ends at once if nothing but that link has anything to write, or if
// it came alone, as at a relay that passes one command on. Otherwise it ends behind whatever else is ready, so that all
// of it leaves in one write per link; that costs one more look for what is ready.
void node_shell::begin_turn(time_point now) noexcept {
  in_turn_ = true;
  turn_time_ = now;
}

void node_shell::finish_turn(link_id from) {
  in_turn_ = false;
  auto now = clock::now();
  warn_if_slow(turn_time_, now);
  const bool came_alone = turn_time_ - last_turn_ended_ > company_time;
  if (!turn_ending_ && !stopped_ && (came_alone || core_.peers().none_dirty_but(from))) {
    end_turn(now);
    now = clock::now();
  } else {
    touch();
  }
  last_turn_ended_ = now;
}

void node_shell::touch() {
  if (turn_ending_ || in_turn_ || !running_) return;
  turn_ending_ = true;
  touched_at_ = clock::now();
  asio::post(*context_, remembered_handler(turn_memory_, [self = shared_from_this()] {
               self->turn_ending_ = false;
               if (!self->stopped_) self->end_turn(clock::now());
             }));
}

void node_shell::end_turn(time_point now) {
  // What handlers have asked for since: what these ask for is for the next turn.
  run_own_tasks();
  if (core_.next_timeout() <= now) core_.on_timeout(now);
  admissions_.on_timeout(now);
  start_jobs();
  admissions_.follow(now);
  discovery_.follow(now);
  core_.end_turn(now);
  flush_links();
  flush_sessions();
  arm_timer();
}

void node_shell::flush_links() {
  core_.peers().take_dirty(dirty_);
  for (const auto link : dirty_) {
    const auto found = links_.find(link);
    if (found != links_.end()) found->second->flush_link();
  }
  for (const auto& [link, why] : core_.members().take_closing()) {
    const auto found = links_.find(link);
    if (found != links_.end()) found->second->close_link(why);
  }
}

void node_shell::flush_sessions() {
  core_.sessions().take_dirty(dirty_);
  for (const auto session : dirty_) {
    const auto found = sessions_.find(session);
    if (found != sessions_.end()) found->second->flush_session();
  }
}

void node_shell::arm_timer() {
  const auto due = std::min(core_.next_timeout(), admissions_.next_timeout());
  if (due >= timer_due_) return;  // It fires earlier anyway, and looks again then.
  timer_due_ = due;
  timer_.expires_at(due);
  timer_.async_wait([self = shared_from_this()](asio::error_code failed) {
    if (failed || self->stopped_) return;
    self->timer_due_ = time_point::max();
    self->end_turn(clock::now());
  });
}

void node_shell::warn_if_slow(time_point started, time_point now) {
  const auto took = std::chrono::duration_cast<milliseconds>(now - started);
  if (took <= options_.limits.slow_handler) return;
  ++core_.counts().handlers_slow;
  log(log_level::warning, "handler: slow name=" + core_.last_served() + " ms=" + std::to_string(took.count()) +
                              " (it holds the whole node: register it as blocking, or make it a coroutine)");
}

}  // namespace askr
