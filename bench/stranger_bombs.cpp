// SPDX-License-Identifier: MIT
/// A megabyte that wants to be more, at every door, from those who have been let in: clients and a member.
#include "bench/bench_node.hpp"
#include "bench/process.hpp"
#include "bench/stranger.hpp"
#include "crypto/key_file.hpp"
#include "transport/compression.hpp"
#include "transport/inbox.hpp"
#include "transport/link.hpp"
#include "transport/outbox.hpp"
#include "transport/websocket/deflate.hpp"
#include "transport/websocket/frame_writer.hpp"
#include "transport/websocket/handshake.hpp"
#include "transport/websocket/stream.hpp"

#include <asio/connect.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/write.hpp>

#include <algorithm>
#include <stdexcept>
#include <thread>

namespace askr::bench {
namespace {

constexpr std::size_t bomb_bytes = 1 << 20;
constexpr int repeats = 4;

byte_buffer repeated(std::string_view unit, std::size_t bytes, std::string_view before = {},
                     std::string_view after = {}) {
  byte_buffer out;
  append(out, as_bytes(before));
  while (out.size() + unit.size() + after.size() <= bytes) append(out, as_bytes(unit));
  append(out, as_bytes(after));
  return out;
}

class tcp_wire {
 public:
  explicit tcp_wire(std::uint16_t port) : socket_(context_) {
    socket_.connect({asio::ip::address_v4::loopback(), port});
    timeval patience{5, 0};
    ::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  /// False: the other side has had enough.
  bool write(byte_span bytes) {
    asio::error_code failed;
    asio::write(socket_, asio::buffer(bytes.data(), bytes.size()), failed);
    return !failed;
  }
  /// Empty: the end, or nothing within 5 s.
  byte_buffer read() {
    byte_buffer heard(65'536);
    const auto count = ::recv(socket_.native_handle(), heard.data(), heard.size(), 0);
    heard.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return heard;
  }

 private:
  asio::io_context context_;
  asio::ip::tcp::socket socket_;
};

/// A client that has been let in; what it sends goes out as it is.
class bomber {
 public:
  bomber(std::uint16_t port, bool binary) : wire_(port), stream_(websocket::role::client, {}, entropy_, clock::now()) {
    byte_buffer request;
    std::vector<std::string> protocols{binary ? "askr.v1.msgpack" : "askr.v1.json"};
    websocket::append_request(
        request,
        {.host = "127.0.0.1:" + std::to_string(port), .subprotocols = protocols, .key = websocket::make_key(entropy_)});
    const std::string extension = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
    request.insert(request.end() - 2, extension.begin(), extension.end());
    wire_.write(request);
    std::string head;
    while (head.find("\r\n\r\n") == std::string::npos) {
      const auto heard = wire_.read();
      if (heard.empty()) throw std::runtime_error("the node did not upgrade");
      head += as_text(heard);
    }
    (void)ask(as_bytes(R"({"mid":"p","command":"askr.ping"})"), false);  // Let in by now.
  }

  /// What came back: "close 1009", or the code of the typed error.
  std::string ask(byte_span frame_bytes, bool whole = true) {
    if (whole) {
      wire_.write(frame_bytes);
    } else {
      stream_.send_text(frame_bytes);
      send_output();
    }
    for (;;) {
      if (const auto message = stream_.next()) return code_of(as_text(message->data));
      if (stream_.cause().code != 0) return "close " + std::to_string(stream_.cause().code);
      last_ = wire_.read();
      if (last_.empty()) return "nothing";
      stream_.on_bytes(clock::now(), last_);
    }
  }

 private:
  void send_output() {
    while (!stream_.output().empty()) {
      const auto bytes = stream_.output();
      wire_.write(bytes);
      stream_.consume(bytes.size());
    }
  }
  static std::string code_of(std::string_view said) {
    for (const char* each : {"too_large", "bad_message", "bad_payload", "overloaded"}) {
      if (said.find(each) != std::string_view::npos) return each;
    }
    return "answered";
  }

  entropy entropy_;
  tcp_wire wire_;
  websocket::stream stream_;
  byte_buffer last_;
};

/// Frames as a client sends them, under a mask of zeros.
byte_buffer frame_of(int first, byte_span payload) {
  byte_buffer out{static_cast<std::uint8_t>(first)};
  if (payload.size() < 126) {
    out.push_back(static_cast<std::uint8_t>(0x80 | payload.size()));
  } else {
    out.push_back(0xff);
    for (int shift = 56; shift >= 0; shift -= 8)
      out.push_back(static_cast<std::uint8_t>(std::uint64_t{payload.size()} >> shift));
  }
  out.insert(out.end(), 4, std::uint8_t{0});
  append(out, payload);
  return out;
}

/// A member by its handshake, and gone mad.
class mad_member {
 public:
  mad_member(std::uint16_t port, const std::string& secret)
      : keys_(std::make_shared<const crypto::keyring>(
            crypto::workspace_keys::derive(crypto::workspace_secret_from_text(secret).value().span(), "askr-bench"))),
        wire_(port),
        link_({}, crypto::role::initiator, {self_, keys_, {.incarnation = 1, .name = "mad"}}, entropy{}, clock::now()) {
    while (link_.state() == transport::link_state::handshaking) {
      flush();
      receive();
    }
    flush();
    link_.admit();
  }

  std::string send_command(byte_span frame) {
    (void)box_.append_command({.mid = ++mid_, .name = "bench.echo", .payload = {frame, encoding::msgpack, true}});
    byte_buffer scratch;
    for (auto record = box_.next_record(scratch); !record.empty(); record = box_.next_record(scratch))
      link_.seal(record);
    flush();
    for (;;) {
      byte_span record;
      while (link_.next_record(record)) {
        for (auto message = inbox_.next(record); message && message->kind != transport::message_kind::none;
             message = inbox_.next(record)) {
          if (message->kind != transport::message_kind::reply) continue;
          const auto reply = transport::decode_reply(*message);
          if (reply && reply->mid == mid_) return reply->ok() ? "answered" : std::string(to_string(reply->code()));
        }
      }
      if (!receive()) return "closed";
    }
  }

 private:
  void flush() {
    wire_.write(link_.output());
    link_.consume(link_.output().size());
  }
  bool receive() {
    received_ = wire_.read();
    if (received_.empty()) return false;
    link_.on_bytes(clock::now(), received_);
    return link_.state() != transport::link_state::closed;
  }

  crypto::identity self_ = crypto::identity::generate(entropy{});
  std::shared_ptr<const crypto::keyring> keys_;
  tcp_wire wire_;
  transport::link link_;
  transport::outbox box_{{.message_bytes_max = 64 << 20, .chunk_bytes = 8'000}};
  transport::decompressor opener_;
  transport::inbox inbox_{opener_};
  byte_buffer received_;
  std::uint64_t mid_ = 0;
};

struct bomb {
  std::string name;
  bool binary;
  byte_buffer frames;
};

std::vector<bomb> bombs_of_clients() {
  std::vector<bomb> all;
  const auto text = [](byte_span payload) { return frame_of(0x81, payload); };
  const auto data = [](byte_span payload) { return frame_of(0x82, payload); };
  constexpr std::string_view command = R"({"mid":"x","command":"bench.echo","data":)";
  all.push_back({"JSON, nested", false, text(repeated("[", bomb_bytes, command))});
  all.push_back({"JSON, many elements", false, text(repeated("0,", bomb_bytes, std::string(command) + "[", "0]}"))});
  all.push_back({"JSON, many objects", false, text(repeated("{},", bomb_bytes, std::string(command) + "[", "0]}"))});
  all.push_back({"JSON, one long number", false, text(repeated("9", bomb_bytes, command, "}"))});
  const std::string packed(
      "\x83\xa3mid\x01\xa7"
      "command\xa1x\xa4"
      "data",
      20);
  all.push_back({"msgpack, nested", true, data(repeated("\x91", bomb_bytes, packed))});
  all.push_back({"msgpack, many elements", true,
                 data(repeated(std::string(1, '\x90'), bomb_bytes, packed + std::string("\xdd\x00\x0f\xff\xe7", 5)))});
  all.push_back({"msgpack, claims of 2^32", true, data(repeated("\xdd\xff\xff\xff\xff", bomb_bytes, packed))});
  byte_buffer fragments = frame_of(0x01, as_bytes("x"));
  while (fragments.size() < bomb_bytes) append(fragments, frame_of(0x00, as_bytes("x")));
  all.push_back({"fragments of one byte", false, fragments});
  byte_buffer empty = frame_of(0x01, {});
  while (empty.size() < bomb_bytes) append(empty, frame_of(0x00, {}));
  all.push_back({"empty fragments", false, empty});
  websocket::deflate_context deflater;
  const byte_buffer zeros(std::size_t{960} << 20, 0);
  all.push_back({"deflate, 960 MiB of zeros", true, frame_of(0xc2, *deflater.compress(zeros, 15))});
  return all;
}

/// A megabyte of zstd that says it holds 2^40 bytes; and one that really holds more than the limit.
std::vector<std::pair<std::string, byte_buffer>> bombs_of_members() {
  byte_buffer claims{0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 0, 1, 0, 0};
  claims.resize(bomb_bytes, 0);
  transport::compressor packer;
  const auto frame = packer.compress(byte_buffer(64 << 20, 0));
  return {{"zstd, claims 2^40 bytes", claims}, {"zstd, 64 MiB of zeros", byte_buffer(frame->begin(), frame->end())}};
}

}  // namespace

findings measure_bombs(const stranger_settings&) {
  const auto secret = random_secret();
  child_process node({"stranger-node"}, secret);
  const auto port = static_cast<std::uint16_t>(std::stoi(node.read_line()));
  const auto clients = bombs_of_clients();
  const auto members = bombs_of_members();
  for (const bool binary : {false, true}) bomber(port, binary);
  findings found;
  const auto throw_bomb = [&](const std::string& name, auto ask) {
    const auto before = status_kib(node.id(), "VmRSS:");
    std::string said;
    for (int i = 0; i < repeats; ++i) said = ask();
    const auto grown = std::max(0.0, status_kib(node.id(), "VmRSS:") - before);
    const bool refused = said != "answered" && said != "nothing";
    found.push_back({"RSS growth: " + name, grown, "KiB", 2'048, false, false, said});
    if (!refused) found.push_back({"refused: " + name, 0, "", 1, true, true, said});
  };
  for (const auto& each : clients) {
    throw_bomb(each.name, [&] { return bomber(port, each.binary).ask(each.frames); });
  }
  mad_member mad(port, secret);
  for (const auto& [name, frame] : members) throw_bomb(name, [&] { return mad.send_command(frame); });
  return found;
}

}  // namespace askr::bench
