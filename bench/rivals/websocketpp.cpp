// SPDX-License-Identifier: MIT
/// websocketpp on Asio, with simdjson: the same texts as an askr node reads and writes. Alone among the adapters it
/// shares nothing with the harness: websocketpp is older than C++20 and does not compile as such. It is told nothing,
/// says its port on stdout, and ends with its stdin.
#include <simdjson.h>
#include <websocketpp/config/asio_no_tls.hpp>
#include <websocketpp/server.hpp>

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

namespace {

struct configuration : websocketpp::config::asio {
  static const websocketpp::log::level elog_level = websocketpp::log::elevel::none;
  static const websocketpp::log::level alog_level = websocketpp::log::alevel::none;
};
using server_type = websocketpp::server<configuration>;
using websocketpp::connection_hdl;

class server {
 public:
  server() {
    websocket_.clear_access_channels(websocketpp::log::alevel::all);
    websocket_.init_asio();
    websocket_.set_tcp_pre_init_handler([this](connection_hdl from) {
      asio::error_code ignored;
      websocket_.get_con_from_hdl(from)->get_raw_socket().set_option(asio::ip::tcp::no_delay(true), ignored);
    });
    websocket_.set_message_handler(
        [this](connection_hdl from, server_type::message_ptr message) { on_text(from, message->get_raw_payload()); });
    websocket_.set_listen_backlog(4096);
    websocket_.listen(asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    websocket_.start_accept();
  }

  int port() {
    asio::error_code ignored;
    return websocket_.get_local_endpoint(ignored).port();
  }

  void run() { websocket_.run(); }

 private:
  void on_text(connection_hdl from, std::string& text) {
    text.reserve(text.size() + simdjson::SIMDJSON_PADDING);
    auto document = parser_.iterate(text);
    std::int64_t mid = 0;
    std::string_view command, data;
    for (auto field : document.get_object()) {
      const std::string_view key = field.unescaped_key();
      if (key == "mid") mid = field.value().get_int64();
      if (key == "command") command = field.value().get_string();
      if (key == "data") data = field.value().get_string();
    }
    out_.assign("{\"mid\":").append(std::to_string(mid)).append(",\"value\":");
    if (command == "bench.echo") {
      append_string(data);
    } else {
      out_.append("true");
      if (command == "bench.emit") emit(data);
      if (command.empty()) listeners_.push_back(websocket_.get_con_from_hdl(from));
    }
    websocket_.send(from, out_.append("}"), websocketpp::frame::opcode::text);
  }

  void append_string(std::string_view text) {
    out_.push_back('"');
    for (const char each : text) {
      if (each == '"' || each == '\\') out_.push_back('\\');
      out_.push_back(each);
    }
    out_.push_back('"');
  }

  void emit(std::string_view data) {
    auto answer = std::move(out_);
    out_.assign("{\"type\":\"bench.event\",\"payload\":");
    append_string(data);
    out_.push_back('}');
    for (auto& each : listeners_) each->send(out_, websocketpp::frame::opcode::text);
    out_ = std::move(answer);
  }

  server_type websocket_;
  simdjson::ondemand::parser parser_;
  std::vector<server_type::connection_ptr> listeners_;
  std::string out_;
};

}  // namespace

int main() {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  server of;
  std::printf("%d\n", of.port());
  std::fflush(stdout);
  std::thread([] {
    for (char ignored[64]; ::read(STDIN_FILENO, ignored, sizeof ignored) > 0;) {
    }
    ::_exit(0);
  }).detach();
  of.run();
}
