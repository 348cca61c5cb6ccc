// SPDX-License-Identifier: MIT
/// askr-bench-wire: nanoseconds per operation of what a message passes through, one part at a time.
#include "crypto/cipher.hpp"
#include "libaskr/src/subscriptions.hpp"
#include "transport/client_codec.hpp"
#include "transport/json_writer.hpp"
#include "transport/msgpack_writer.hpp"
#include "transport/name_table.hpp"
#include "transport/websocket/unmask.hpp"
#include "transport/wire_codec.hpp"

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

namespace {

using namespace askr;

byte_buffer bytes_of(std::int64_t count) { return byte_buffer(static_cast<std::size_t>(count), std::uint8_t{0x5a}); }

std::string json_command(std::int64_t bytes) {
  return R"({"mid":17,"command":"bench.echo","data":")" + std::string(static_cast<std::size_t>(bytes), 'x') + "\"}";
}

void command_encode(benchmark::State& state) {
  const auto data = bytes_of(state.range(0));
  const transport::sent_command command{.mid = 1, .name = "bench.echo", .remaining = 10s, .payload = {data}};
  const transport::interned_name name{transport::interned_name::form::number, 0, "bench.echo"};
  byte_buffer out;
  for (auto _ : state) {
    out.clear();
    transport::write_head(out, command, name);
    transport::write_raw(out, data);
    benchmark::DoNotOptimize(out.data());
  }
}

void command_decode(benchmark::State& state) {
  const auto data = bytes_of(state.range(0));
  const transport::sent_command command{.mid = 1, .name = "bench.echo", .remaining = 10s, .payload = {data}};
  byte_buffer body;
  transport::write_head(body, command, {transport::interned_name::form::number, 0, "bench.echo"});
  transport::write_raw(body, data);
  transport::received_names names;
  if (!names.define(0, "bench.echo")) return state.SkipWithError("no room for a name");
  for (auto _ : state) {
    const auto opened = transport::open_message(body);
    auto got = transport::decode_command(*opened, names);
    if (!got) return state.SkipWithError("the message cannot be decoded");
    benchmark::DoNotOptimize(got);
  }
}

template <crypto::cipher_kind kind>
void record_seal(benchmark::State& state) {
  crypto::cipher_state cipher(kind);
  cipher.initialize_key(crypto::secret<32>());
  const auto text = bytes_of(state.range(0));
  byte_buffer out(text.size() + cipher.overhead_bytes());
  for (auto _ : state) {
    if (!cipher.encrypt_with_ad({}, text, out.data())) return state.SkipWithError("sealing fails");
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

template <crypto::cipher_kind kind>
void record_open(benchmark::State& state) {
  crypto::cipher_state cipher(kind);
  cipher.initialize_key(crypto::secret<32>());
  const auto text = bytes_of(state.range(0));
  byte_buffer sealed(text.size() + cipher.overhead_bytes()), out(text.size());
  if (!cipher.encrypt_with_ad({}, text, sealed.data())) return state.SkipWithError("sealing fails");
  for (auto _ : state) {
    cipher.set_nonce(0);
    if (!cipher.decrypt_with_ad({}, sealed, out.data())) return state.SkipWithError("opening fails");
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void json_command_decode(benchmark::State& state) {
  const auto text = json_command(state.range(0));
  transport::client_codec codec;
  for (auto _ : state) {
    auto got = codec.decode(as_bytes(text), transport::client_encoding::json);
    if (!got) return state.SkipWithError("the text cannot be decoded");
    benchmark::DoNotOptimize(got);
  }
}

void json_text_write(benchmark::State& state) {
  const std::string text(static_cast<std::size_t>(state.range(0)), 'x');
  byte_buffer out;
  for (auto _ : state) {
    out.clear();
    transport::write_json_string(out, text);
    benchmark::DoNotOptimize(out.data());
  }
}

void frame_unmask(benchmark::State& state) {
  auto data = bytes_of(state.range(0));
  for (auto _ : state) {
    websocket::unmask(data, {0x12, 0x34, 0x56, 0x78});
    benchmark::DoNotOptimize(data.data());
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

/// Who hears an event, beside so many subscriptions that do not match.
void event_dispatch(benchmark::State& state) {
  subscriptions table;
  for (std::int64_t other = 0; other < state.range(0); ++other) {
    table.add("other." + std::to_string(other), {subscriber::kind::session, static_cast<std::uint64_t>(other)});
  }
  table.add("bench.event", {subscriber::kind::listener, 1});
  std::vector<subscriber> found;
  for (auto _ : state) {
    found.clear();
    table.match("bench.event", found);
    benchmark::DoNotOptimize(found.data());
  }
}

BENCHMARK(command_encode)->Arg(16)->Arg(128)->Arg(1024);
BENCHMARK(command_decode)->Arg(16)->Arg(128)->Arg(1024);
BENCHMARK(record_seal<crypto::cipher_kind::aes_gcm>)->Arg(64)->Arg(256)->Arg(1024)->Arg(16384);
BENCHMARK(record_open<crypto::cipher_kind::aes_gcm>)->Arg(64)->Arg(256)->Arg(1024)->Arg(16384);
BENCHMARK(record_seal<crypto::cipher_kind::chacha_poly>)->Arg(256)->Arg(16384);
BENCHMARK(record_open<crypto::cipher_kind::chacha_poly>)->Arg(256)->Arg(16384);
BENCHMARK(json_command_decode)->Arg(16)->Arg(128)->Arg(1024);
BENCHMARK(json_text_write)->Arg(128)->Arg(1024);
BENCHMARK(frame_unmask)->Arg(128)->Arg(16384);
BENCHMARK(event_dispatch)->Arg(0)->Arg(1000)->Arg(100'000);

}  // namespace

BENCHMARK_MAIN();
