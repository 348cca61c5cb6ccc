// SPDX-License-Identifier: MIT
#include "libaskr/src/simulation_shell.hpp"

#include "libaskr/src/thread_context.hpp"

#include <algorithm>
#include <map>

namespace askr {

// --- a node

void simulated_node::start() {
  if (on_.up()) throw failure(errc::closed, "the node runs already");
  shell_.world().start(on_);
}

void simulated_node::stop() {
  if (shell_.ending()) return;
  shell_.change(on_, [this] { shell_.world().stop(on_); });
}

bool simulated_node::run(task&& work) {
  if (!on_.up()) return false;
  if (starting_) {
    work();
  } else {
    shell_.world().post(on_, std::move(work));
  }
  return true;
}

void simulated_node::call_and_wait(const std::function<void()>& work) {
  if (!on_.up()) throw failure(errc::closed, "the node is down");
  work();
  if (!starting_) shell_.world().post(on_, [] {});
}

// --- all of them

simulation_shell::simulation_shell(const simulation_options& options)
    : world_(options, *this), ids_(options.seed ^ 0x696473) {}

simulation_shell::~simulation_shell() { ending_ = true; }

std::shared_ptr<simulated_node> simulation_shell::add(node_options options) {
  if (const auto checked = validate(options); !checked) throw failure(checked.error());
  if (!options.authenticator) options.authenticator = std::make_shared<workspace_secret>();
  node_id id;
  for (std::size_t at = 0; at < node_id::size; at += sizeof(std::uint64_t)) {
    const auto word = ids_.next();
    std::copy_n(reinterpret_cast<const std::uint8_t*>(&word), sizeof word, id.bytes.begin() + at);
  }
  return std::make_shared<simulated_node>(*this, world_.add(std::move(options), id));
}

void simulation_shell::on_start(simulated::host& which) {
  auto& at = residents_[which.index];
  if (!at.program) return;
  at.host->starting_ = true;
  at.program(*at.holder);
  at.host->starting_ = false;
}

result<principal> simulation_shell::admit(simulated::host& asked, const simulated::host& who) {
  auto verdict = std::make_shared<result<principal>>(error{errc::timed_out, "no verdict"});
  const auto& keys = who.signer->keys();
  asked.options.authenticator->authenticate_peer({.id = who.self.id,
                                                  .noise_key = keys.noise,
                                                  .sign_key = keys.sign,
                                                  .name = who.self.name,
                                                  .credential = who.options.authenticator->credential(),
                                                  .channel_binding = {}},
                                                 [verdict](result<principal> given) { *verdict = std::move(given); });
  return std::move(*verdict);
}

void simulation_shell::after_event() {
  context_.poll();
  if (awaited_ != nullptr && (*awaited_)()) world_.stop_running();
}

void simulation_shell::change(simulated::host& which, detail::unique_function<void()> what) {
  if (world_.inside() == &which) return world_.plan(world_.now(), std::move(what));
  what();
}

simulated::host& simulation_shell::host_of(const node& which) {
  for (auto& each : residents_) {
    if (each.holder.get() == &which) return each.host->on();
  }
  throw failure(errc::no_node, "the node is not of this simulation");
}

bool simulation_shell::run_until(const std::function<bool()>& is_true, duration at_most) {
  set_thread_context(context_);
  context_.poll();
  if (is_true()) return true;
  const auto end = world_.now() + simulated::world::to_ticks(at_most);
  awaited_ = &is_true;
  world_.run_until(end);
  awaited_ = nullptr;
  return is_true();
}

bool simulation_shell::converged() {
  std::vector<std::pair<std::string, node_id>> up;  // Workspace and id.
  for (const auto& each : residents_) {
    if (each.host->on().up()) up.emplace_back(each.host->options().workspace, each.host->id());
  }
  std::sort(up.begin(), up.end());
  std::map<std::string, mesh::digest> roots;  // Of each workspace: whoever is up has the same records.
  return std::all_of(residents_.begin(), residents_.end(), [&](const resident& each) {
    if (!each.host->on().up()) return true;
    const auto& workspace = each.host->options().workspace;
    const auto root = each.host->core().members().view().root();
    if (roots.try_emplace(workspace, root).first->second != root) return false;
    const auto seen = each.host->core().nodes();
    const auto expected = std::count_if(up.begin(), up.end(), [&](const auto& one) { return one.first == workspace; });
    return static_cast<std::size_t>(expected) == seen.size() &&
           std::all_of(seen.begin(), seen.end(), [&](const node_info& one) {
             return std::binary_search(up.begin(), up.end(), std::pair(workspace, one.id));
           });
  });
}

template <class Visitor>
void simulation_shell::for_each_wire_between(const simulated::host& one, const simulated::host& other, Visitor visit) {
  std::vector<std::uint32_t> found;
  for (const auto& [link, end] : one.links) {
    if (world_.peer_of(end) == other.index) found.push_back(end.wire);
  }
  for (const auto each : found) visit(each);
}

// --- what the user sees

simulation::simulation(simulation_options options) : shell_(std::make_unique<simulation_shell>(options)) {}
simulation::~simulation() = default;

node& simulation::add(node_options options, program run) {
  auto host = shell_->add(std::move(options));
  auto& made = shell_->residents().emplace_back(
      simulation_shell::resident{host, std::unique_ptr<node>(new node(host)), std::move(run)});
  host->start();
  return *made.holder;
}

std::string simulation::address(const node& which) const { return shell_->host_of(which).address.to_string(); }

duration simulation::elapsed() const noexcept { return microseconds(shell_->world().now()); }
time_point simulation::now() const noexcept { return shell_->world().time(); }

void simulation::run_for(duration passes) {
  set_thread_context(shell_->context());
  shell_->context().poll();
  shell_->world().run_until(shell_->world().now() + simulated::world::to_ticks(passes));
}

bool simulation::run_until(const std::function<bool()>& is_true, duration at_most) {
  return shell_->run_until(is_true, at_most);
}

bool simulation::run_until_converged(duration at_most) {
  // Looking at all nodes after each event would cost more than what happens.
  const auto end = elapsed() + at_most;
  while (!shell_->converged() && elapsed() < end) run_for(std::min<duration>(milliseconds(10), end - elapsed()));
  return shell_->converged();
}

payload simulation::await(std::future<payload> outcome, duration at_most) {
  const auto is_ready = [&] { return outcome.wait_for(seconds(0)) == std::future_status::ready; };
  if (!run_until(is_ready, at_most)) throw failure(errc::timed_out, "the future was not ready in time");
  return outcome.get();
}

void simulation::after(duration passes, detail::unique_function<void()> what) {
  shell_->world().plan(shell_->world().now() + simulated::world::to_ticks(passes), std::move(what));
}

void simulation::partition(const std::vector<const node*>& group) {
  const auto side = shell_->next_side();
  for (const auto* each : group) shell_->world().net().set_side(shell_->host_of(*each).index, side);
  shell_->world().network_changed();
}

void simulation::cut(const node& from, const node& to) {
  shell_->world().net().cut(shell_->host_of(from).index, shell_->host_of(to).index);
}

void simulation::cut_both_ways(const node& one, const node& other) {
  cut(one, other);
  cut(other, one);
}

void simulation::heal() {
  shell_->world().net().heal();
  shell_->world().network_changed();
}

void simulation::break_link(const node& one, const node& other) {
  shell_->for_each_wire_between(shell_->host_of(one), shell_->host_of(other),
                                [&](std::uint32_t wire) { shell_->world().break_wire(wire); });
}

void simulation::kill(const node& which) {
  auto& host = shell_->host_of(which);
  shell_->change(host, [this, &host] { shell_->world().end(host, simulated::world::crash::killed); });
}

void simulation::power_off(const node& which) {
  auto& host = shell_->host_of(which);
  shell_->change(host, [this, &host] { shell_->world().end(host, simulated::world::crash::powered_off); });
}

void simulation::restart(node& which) { which.host_->start(); }

void simulation::pause(const node& which, duration passes) { shell_->world().pause(shell_->host_of(which), passes); }

void simulation::slow_down(const node& which, duration per_turn) {
  shell_->world().slow_down(shell_->host_of(which), per_turn);
}

void simulation::skew_clock(const node& which, milliseconds wrong_by) {
  shell_->host_of(which).clock_wrong_ms = wrong_by.count();
}

bool simulation::is_up(const node& which) const { return shell_->host_of(which).up(); }
std::uint64_t simulation::digest() const noexcept { return shell_->world().digest(); }
asio::any_io_executor simulation::get_executor() const { return shell_->context().get_executor(); }

}  // namespace askr
