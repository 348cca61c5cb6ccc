// SPDX-License-Identifier: MIT
#pragma once

/// What makes a simulated host an askr::node, as its user knows it: node_host over simulated::world.

#include "libaskr/src/node_host.hpp"
#include "libaskr/src/simulated/world.hpp"

#include <askr/simulation.hpp>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace askr {

class simulated_node;

class simulation_shell final : public simulated::observer {
 public:
  explicit simulation_shell(const simulation_options& options);
  ~simulation_shell() override;

  std::shared_ptr<simulated_node> add(node_options options);
  simulated::host& host_of(const node& which);
  /// At once, or after the turn that the node is in the midst of.
  void change(simulated::host& which, detail::unique_function<void()> what);
  bool run_until(const std::function<bool()>& is_true, duration at_most);
  bool converged();
  template <class Visitor>
  void for_each_wire_between(const simulated::host& one, const simulated::host& other, Visitor visit);

  simulated::world& world() noexcept { return world_; }
  asio::io_context& context() noexcept { return context_; }
  std::uint32_t next_side() noexcept { return ++sides_; }
  bool ending() const noexcept { return ending_; }

  struct resident {
    std::shared_ptr<simulated_node> host;
    std::unique_ptr<node> holder;
    simulation::program program;
  };
  std::vector<resident>& residents() noexcept { return residents_; }

 private:
  void on_start(simulated::host& which) override;
  result<principal> admit(simulated::host& asked, const simulated::host& who) override;
  void after_event() override;

  asio::io_context context_{1};
  asio::executor_work_guard<asio::io_context::executor_type> working_ = asio::make_work_guard(context_);
  simulated::world world_;
  rng ids_;
  std::vector<resident> residents_;
  const std::function<bool()>* awaited_ = nullptr;
  std::uint32_t sides_ = 0;  ///< Of partitions that were made.
  bool ending_ = false;
};

class simulated_node final : public node_host {
 public:
  simulated_node(simulation_shell& shell, simulated::host& on) : shell_(shell), on_(on) {}

  void start() override;
  void stop() override;
  bool run(task&& work) override;

  node_core& core() noexcept override { return *on_.core; }
  const node_options& options() const noexcept override { return on_.options; }
  const self_description& self() const noexcept override { return on_.self; }
  std::string url() const override { return "ws://" + on_.address.to_string(); }
  std::uint16_t port() const noexcept override { return on_.address.port; }
  asio::any_io_executor executor() const override { return shell_.context().get_executor(); }
  void authenticate_again() override { core().members().view().claim_all(); }
  simulated::host& on() noexcept { return on_; }

 private:
  friend class simulation_shell;

  time_point now() const noexcept override { return shell_.world().time(); }
  bool here() const noexcept override { return on_.up() && shell_.world().inside() == &on_; }
  bool in_turn() const noexcept override { return here(); }
  bool stopped() const noexcept override { return !on_.up(); }
  void call_and_wait(const std::function<void()>& work) override;
  log_sink& sink() noexcept override { return on_.options.log; }

  simulation_shell& shell_;
  simulated::host& on_;
  bool starting_ = false;  ///< The program registers what it serves.
};

}  // namespace askr
