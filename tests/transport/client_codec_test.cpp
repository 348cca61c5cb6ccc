// SPDX-License-Identifier: MIT
#include "transport/client_codec.hpp"
#include "transport/json_writer.hpp"
#include "transport/msgpack_writer.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(client_wire)

namespace {

using namespace askr;
using namespace askr::transport;
using codec = askr::transport::client_codec;
using kind = client_message::kind;

/// The same message in both encodings, by turns.
byte_buffer as_received(std::string_view json, client_encoding how) {
  if (how == client_encoding::json) return {json.begin(), json.end()};
  byte_buffer packed;
  BOOST_REQUIRE(json_transcoder().to_msgpack(as_bytes(json), packed).ok());
  return packed;
}

constexpr client_encoding both[] = {client_encoding::json, client_encoding::msgpack};

std::string data_of(const client_message& message) {
  byte_buffer text;
  BOOST_REQUIRE(msgpack_to_json(message.data, text).ok());
  return std::string(as_text(text));
}

/// Decodes both forms of the text, and hands each message to `look`.
template <class Look>
void decoded(std::string_view json, Look look) {
  for (const auto how : both) {
    codec decoding;
    const auto bytes = as_received(json, how);
    const auto message = decoding.decode(bytes, how);
    BOOST_REQUIRE_MESSAGE(message.ok(), json);
    look(*message);
  }
}

std::string refused(std::string_view json) {
  std::string detail;
  for (const auto how : both) {
    codec decoding;
    const auto bytes = as_received(json, how);
    const auto message = decoding.decode(bytes, how);
    BOOST_REQUIRE_MESSAGE(!message.ok(), json);
    BOOST_TEST((message.code() == errc::bad_message));
    detail = message.error().detail;
  }
  return detail;
}

std::string encoded(const client_message& message) {
  byte_buffer out;
  const auto done = codec().encode(message, client_encoding::json, out);
  BOOST_REQUIRE(done.ok());
  return std::string(as_text(out));
}

byte_buffer packed_text(std::string_view text) {
  byte_buffer out;
  write_str(out, text);
  return out;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_command_as_node_askr_wrote_it) {
  decoded(R"({"workspace":"global","mid":"a1","command":"fetch","data":{}})", [](const client_message& message) {
    BOOST_TEST((message.what == kind::command));
    BOOST_TEST(message.workspace == "global");
    BOOST_TEST(message.mid.text() == "a1");
    BOOST_TEST(message.name == "fetch");
    BOOST_TEST(data_of(message) == "{}");
    BOOST_TEST(!message.timeout.has_value());
  });
}

BOOST_AUTO_TEST_CASE(a_command_with_all_its_options) {
  decoded(R"({"mid":7,"command":"add","data":[1,2],"to":"askr-agent-x1Y2z3","timeout":1500,"all":true,"idempotent":true,
              "stream":true,"colour":"unknown fields are passed over"})",
          [](const client_message& message) {
            BOOST_TEST(message.mid.number() == 7u);
            BOOST_TEST(message.to == "askr-agent-x1Y2z3");
            BOOST_TEST((message.timeout == 1500ms));
            BOOST_TEST(message.all);
            BOOST_TEST(message.idempotent);
            BOOST_TEST(message.stream);
            BOOST_TEST(data_of(message) == "[1,2]");
          });
}

BOOST_AUTO_TEST_CASE(null_is_as_good_as_absent) {
  decoded(R"({"mid":1,"command":"fetch","data":null,"to":null,"timeout":null,"all":null,"workspace":null,"type":null})",
          [](const client_message& message) {
            BOOST_TEST((message.what == kind::command));
            BOOST_TEST(data_of(message) == "null");
            BOOST_TEST(message.to.empty());
          });
}

BOOST_AUTO_TEST_CASE(the_other_kinds_are_told_by_their_type) {
  const std::pair<std::string_view, kind> table[] = {
      {R"({"type":"subscription","eventType":"FETCHED_TIME","last":5,"since":9,"from":"n"})", kind::subscription},
      {R"({"type":"unsubscription","eventType":"sensor.>"})", kind::unsubscription},
      {R"({"type":"serve","command":"fetch"})", kind::serve},
      {R"({"type":"unserve","command":"fetch"})", kind::unserve},
      {R"({"type":"cancel","mid":"a1"})", kind::cancel},
      {R"({"type":"credit","mid":7,"bytes":131072})", kind::credit},
      {R"({"mid":7,"part":1,"value":null})", kind::part},
      {R"({"type":"auth","token":"secret"})", kind::auth},
      {R"({"type":"hello"})", kind::hello},
      {R"({"type":"TICK"})", kind::event},
      {R"({"type":"TICK","payload":null})", kind::event},
      {R"({"type":"error","error":"x","code":"denied"})", kind::failure},
      {R"({"mid":1,"value":null})", kind::reply},
      {R"({"mid":1,"value":null,"error":"x"})", kind::failure},
      {R"({"type":"welcome","node":{"name":"n","id":"000102030405060708090a0b0c0d0e0f","version":"0.1.0"}})",
       kind::welcome}};
  for (const auto& [json, what] : table) {
    decoded(json, [&, wanted = what](const client_message& message) { BOOST_TEST((message.what == wanted)); });
  }
}

BOOST_AUTO_TEST_CASE(with_a_payload_every_type_is_a_topic) {
  for (const auto* type : {"subscription", "auth", "hello", "welcome", "error", "cancel", "credit"}) {
    decoded(std::string(R"({"type":")") + type + R"(","payload":{"a":1}})", [&](const client_message& message) {
      BOOST_TEST((message.what == kind::event));
      BOOST_TEST(message.name == type);
    });
  }
}

BOOST_AUTO_TEST_CASE(broken_messages_say_what_is_wrong) {
  const std::pair<std::string_view, std::string_view> table[] = {
      {"[]", "a message must be an object"},
      {"7", "a message must be an object"},
      {"{}", R"(neither "type", "command", "value" nor "error")"},
      {R"({"mid":1})", R"(neither "type", "command", "value" nor "error")"},
      {R"({"command":"fetch"})", R"("mid" is missing)"},
      {R"({"mid":{},"command":"fetch"})", R"("mid" must be an integer or a string of 1 to 64 bytes)"},
      {R"({"mid":1.5,"command":"fetch"})", R"("mid" must be an integer or a string of 1 to 64 bytes)"},
      {R"({"mid":"","command":"fetch"})", R"("mid" must be an integer or a string of 1 to 64 bytes)"},
      {R"({"mid":1,"command":7})", R"("command" must be a string)"},
      {R"({"mid":1,"command":"a b"})", R"("command" must be 1 to 256 bytes without spaces and control characters)"},
      {R"({"mid":1,"command":""})", R"("command" must be 1 to 256 bytes without spaces and control characters)"},
      {R"({"mid":1,"command":"fetch","to":""})",
       R"("to" must be 1 to 256 bytes without spaces and control characters)"},
      {R"({"mid":1,"command":"fetch","all":1})", R"("all" must be true or false)"},
      {R"({"mid":1,"command":"x","timeout":0})",
       R"("timeout" must be a number of milliseconds above 0, at most 300000)"},
      {R"({"mid":1,"command":"x","timeout":1e9})",
       R"("timeout" must be a number of milliseconds above 0, at most 300000)"},
      {R"({"mid":1,"command":"x","timeout":"1"})",
       R"("timeout" must be a number of milliseconds above 0, at most 300000)"},
      {R"({"mid":1,"command":"x","type":"y"})", R"(both "type" and "command")"},
      {R"({"mid":1,"value":1,"error":"x"})", R"(both "value" and "error")"},
      {R"({"value":1})", R"("mid" is missing)"},
      {R"({"error":"x"})", R"("mid" is missing)"},
      {R"({"type":7})", R"("type" must be a string)"},
      {R"({"type":"a\u0007b","payload":1})", R"("type" must be 1 to 256 bytes without spaces and control characters)"},
      {R"({"type":"subscription"})", R"("eventType" is missing)"},
      {R"({"type":"subscription","eventType":"X","last":-1})", R"("last" must be an integer of 0 or more)"},
      {R"({"type":"subscription","eventType":"X","overflow":"drop"})",
       R"("overflow" must be drop_oldest, drop_newest, keep_latest or disconnect)"},
      {R"({"type":"subscription","eventType":"X","since":[7]})",
       R"("since" must be a number, or a list of {eventType, from, epoch, seq})"},
      {R"({"type":"subscription","eventType":"X","since":[{"seq":1}]})",
       R"("since" must be a number, or a list of {eventType, from, epoch, seq})"},
      {R"({"type":"subscription","eventType":"X","since":[{"from":"a b"}]})",
       R"("since" must be a number, or a list of {eventType, from, epoch, seq})"},
      {R"({"type":"subscription","eventType":"X","since":[{"from":7}]})",
       R"("since" must be a number, or a list of {eventType, from, epoch, seq})"},
      {R"({"type":"subscription","eventType":"X","since":[{"from":"a","epoch":"x"}]})",
       R"("since" must be a number, or a list of {eventType, from, epoch, seq})"},
      {R"({"type":"serve"})", R"("command" is missing)"},
      {R"({"type":"cancel"})", R"("mid" is missing)"},
      {R"({"type":"credit","bytes":1})", R"("mid" is missing)"},
      {R"({"type":"credit","mid":1,"bytes":0})", R"("bytes" must be an integer above 0)"},
      {R"({"type":"auth"})", R"("token" is missing)"},
      {R"({"type":"auth","token":5})", R"("token" must be a string)"},
      {R"({"type":"error"})", R"("error" is missing)"},
      {R"({"type":"welcome"})", R"("node" must be an object)"},
      {R"({"type":"welcome","node":{"id":"xyz"}})", R"("node" has an "id" that is no node id)"},
  };
  for (const auto& [json, detail] : table) BOOST_TEST(refused(json) == detail);
  BOOST_TEST(refused(R"({"mid":")" + std::string(65, 'x') + R"(","command":"fetch"})").starts_with("\"mid\""));
  BOOST_TEST(refused(R"({"type":"auth","token":")" + std::string(4097, 'x') + "\"}") == R"("token" is too long)");
  std::string rows = R"({"from":"a","seq":1,"later":[]})";
  for (int i = 0; i < 1'024; ++i) rows += R"(,{"from":"a"})";
  BOOST_TEST(refused(R"({"type":"subscription","eventType":"X","since":[)" + rows + "]}") ==
             R"("since" has too many rows)");
}

BOOST_AUTO_TEST_CASE(names_are_printable_and_without_spaces) {
  for (const auto* name : {"a", "FETCHED_TIME", "sensor.*.temp", ">", "askr.ping", "m\xc3\xbcnchen",
                           "\xe6\x9d\xb1\xe4\xba\xac", "\xe2\x80\x90", "\xe2\x80\xb0", "\xe2\x81\x9e", "\xe2\x81\xb0",
                           "\xe2\x82\xac", "\xe3\x81\x82", "\xe3\x80\x82", "\xef\xbc\x81", "\xef\xbb\xbe"}) {
    BOOST_TEST(is_name(name), name);
  }
  for (const auto* name :
       {"", " ", "a b", "a\tb", "\x7f", "\xc2\x80", "a\xc2\xa0", "\xe2\x80\xa8", "\xe2\x80\x8b", "\xe3\x80\x80",
        "\xef\xbb\xbfx", "\xff", "\xe2\x80\xa9", "\xe2\x80\xae", "\xe2\x80\xaf", "\xe2\x81\xa6", "\xe2\x81\x9f"}) {
    BOOST_TEST(!is_name(name), name);
  }
  BOOST_TEST(is_name(std::string(256, 'x')));
  BOOST_TEST(!is_name(std::string(257, 'x')));
}

BOOST_AUTO_TEST_CASE(the_mid_of_a_broken_message_is_known_if_it_was_readable) {
  codec decoding;
  BOOST_TEST(!decoding.decode(as_bytes(R"({"mid":"m9","command":7})"), client_encoding::json).ok());
  BOOST_TEST(decoding.last_mid().text() == "m9");
  BOOST_TEST(!decoding.decode(as_bytes("{"), client_encoding::json).ok());
  BOOST_TEST(decoding.last_mid().is_none());
}

BOOST_AUTO_TEST_CASE(duplicate_keys_of_the_envelope_are_refused_in_both_encodings) {
  codec decoding;
  const auto json = decoding.decode(as_bytes(R"({"mid":1,"command":"a","command":"b"})"), client_encoding::json);
  BOOST_TEST((json.code() == errc::bad_message));
  byte_buffer packed;
  write_map_header(packed, 3);
  for (const auto* key : {"mid", "command", "command"}) {
    write_str(packed, key);
    write_str(packed, "x");
  }
  BOOST_TEST((decoding.decode(packed, client_encoding::msgpack).code() == errc::bad_message));
}

BOOST_AUTO_TEST_CASE(size_and_depth_are_limited) {
  client_codec_limits limits;
  limits.message_bytes_max = 64;
  codec decoding(limits);
  const std::string large = R"({"mid":1,"command":"x","data":")" + std::string(64, 'x') + "\"}";
  for (const auto how : both) BOOST_TEST((decoding.decode(as_received(large, how), how).code() == errc::too_large));

  const auto nested = [](std::size_t depth) {
    return R"({"mid":1,"command":"x","data":)" + std::string(depth, '[') + std::string(depth, ']') + "}";
  };
  decoded(nested(31), [](const client_message& message) { BOOST_TEST(message.data.size() == 31u); });
  BOOST_TEST(codec().decode(as_bytes(nested(32)), client_encoding::json).ok());
  BOOST_TEST((codec().decode(as_bytes(nested(33)), client_encoding::json).code() == errc::too_large));
}

BOOST_AUTO_TEST_CASE(mids_come_back_in_the_type_they_had) {
  const std::string_view mids[] = {"\"a1\"", "\"17\"", "17", "0", "-5", "18446744073709551615", "-9223372036854775808"};
  for (const auto mid : mids) {
    const auto json = "{\"mid\":" + std::string(mid) + ",\"command\":\"x\"}";
    decoded(json, [&](const client_message& message) {
      client_message reply;
      reply.what = kind::reply;
      reply.mid = message.mid;
      BOOST_TEST(encoded(reply) == "{\"mid\":" + std::string(mid) + ",\"value\":null}");
    });
  }
  BOOST_TEST((message_id::from_text("17") != message_id::from_uint(17)));
}

BOOST_AUTO_TEST_CASE(nodes_say_it_in_node_askrs_words) {
  client_message failure;
  failure.what = kind::failure;
  failure.mid = *message_id::from_text("a1");
  failure.code = errc::no_handler;
  failure.text = "Command's callback for fetch not found";
  BOOST_TEST(encoded(failure) ==
             R"({"mid":"a1","error":"Command's callback for fetch not found","code":"no_handler"})");
  failure.mid = {};
  failure.maybe_executed = true;
  BOOST_TEST(
      encoded(failure) ==
      R"({"type":"error","error":"Command's callback for fetch not found","code":"no_handler","maybeExecuted":true})");

  const auto data = packed_text("12:00");
  client_message event;
  event.what = kind::event;
  event.name = "FETCHED_TIME";
  event.data = data;
  event.from = "askr-agent-x1Y2z3";
  event.sequence = 3;
  BOOST_TEST(encoded(event) == R"({"type":"FETCHED_TIME","from":"askr-agent-x1Y2z3","seq":3,"payload":"12:00"})");

  client_message welcome;
  welcome.what = kind::welcome;
  welcome.workspace = "global";
  welcome.node_name = "askr-edge-x1Y2z3";
  welcome.version = "0.1.0";
  BOOST_TEST(encoded(welcome) == R"({"type":"welcome","workspace":"global","node":{"name":"askr-edge-x1Y2z3",)"
                                 R"("id":"00000000000000000000000000000000","version":"0.1.0"}})");
}

BOOST_AUTO_TEST_CASE(what_is_encoded_decodes_to_the_same_in_both_encodings) {
  for (
      const std::string json :
      {R"({"workspace":"w","mid":"a1","command":"fetch","to":"n","from":"local","timeout":5,"all":true,"idempotent":true,"stream":true,"data":{"a":[1.5,null]}})",
       R"({"mid":-1,"value":{"deep":[[[]]]}})",
       R"({"mid":1,"error":"no \"luck\"","code":"denied","maybeExecuted":true})",
       R"({"type":"T","workspace":"w","mid":"m","from":"n","epoch":5,"seq":18446744073709551615,"payload":null})",
       R"({"type":"subscription","mid":4,"eventType":"sensor.>","last":3,"since":2,"from":"n","epoch":5,"ready":true,"timeout":7,"overflow":"keep_latest"})",
       R"({"type":"subscription","eventType":"t","since":[{"eventType":"a","from":"n","epoch":1,"seq":2},{"eventType":"b","from":"n","epoch":1,"seq":3}]})",
       R"({"type":"gap","eventType":"t","from":"n","epoch":5,"seq":4,"until":9,"reason":"skipped"})",
       R"({"type":"unsubscription","eventType":"sensor.>"})", R"({"type":"serve","mid":4,"command":"fetch"})",
       R"({"type":"unserve","command":"fetch"})", R"({"type":"cancel","mid":"a1"})", R"({"type":"auth","token":"t"})",
       R"({"type":"credit","mid":7,"bytes":131072})", R"({"mid":7,"part":2,"value":[1]})",
       R"({"type":"hello","mid":1})",
       R"({"type":"welcome","workspace":"w","node":{"name":"n","id":"000102030405060708090a0b0c0d0e0f","version":"1"}})"}) {
    decoded(json, [&](const client_message& message) {
      BOOST_TEST(encoded(message) == json);
      byte_buffer packed;
      BOOST_REQUIRE(codec().encode(message, client_encoding::msgpack, packed).ok());
      codec again;
      const auto decoded_again = again.decode(packed, client_encoding::msgpack);
      BOOST_REQUIRE(decoded_again.ok());
      BOOST_TEST(encoded(*decoded_again) == json);
    });
  }
}

BOOST_AUTO_TEST_CASE(payloads_are_checked_before_they_leave) {
  client_message event;
  event.what = kind::event;
  event.name = "T";
  const std::string_view broken[] = {"\xc1", "\x92\x01", "\x01\x01", "\xa1\xff"};
  for (const auto bytes : broken) {
    event.data = as_bytes(bytes);
    for (const auto how : both) {
      byte_buffer out{1, 2};
      BOOST_TEST((codec().encode(event, how, out).code() == errc::bad_payload));
      BOOST_TEST(out.size() == 2u);
    }
  }
}

BOOST_AUTO_TEST_CASE(payloads_in_json_and_raw_are_turned_into_what_the_session_reads) {
  client_message event;
  event.what = kind::event;
  event.name = "T";
  event.data_encoding = askr::encoding::json;
  event.data = as_bytes(R"( {"a": 1} )");
  BOOST_TEST(encoded(event) == R"({"type":"T","payload":{"a":1}})");
  event.data = as_bytes(R"(1},{"mid":1)");  // Not a way out of the envelope.
  byte_buffer out;
  BOOST_TEST((codec().encode(event, client_encoding::json, out).code() == errc::bad_payload));
  event.data_encoding = askr::encoding::raw;
  event.data = as_bytes("foobar");
  BOOST_TEST(encoded(event) == R"({"type":"T","payload":"Zm9vYmFy"})");
}

BOOST_AUTO_TEST_CASE(texts_that_are_not_utf8_do_not_spoil_the_message) {
  client_message failure;
  failure.what = kind::failure;
  failure.text = "broken \xff text";
  BOOST_TEST(encoded(failure) == R"({"type":"error","error":"broken ? text","code":"handler_failed"})");
}

BOOST_AUTO_TEST_CASE(a_serving_clients_own_codes_become_handler_failed) {
  decoded(R"({"mid":1,"error":"x","code":"E_MINE"})",
          [](const client_message& message) { BOOST_TEST((message.code == errc::handler_failed)); });
  decoded(R"({"mid":1,"error":"x","code":"bad_message"})",
          [](const client_message& message) { BOOST_TEST((message.code == errc::bad_message)); });
  decoded(R"({"mid":1,"error":"x"})",
          [](const client_message& message) { BOOST_TEST((message.code == errc::handler_failed)); });
}

BOOST_AUTO_TEST_SUITE_END()
