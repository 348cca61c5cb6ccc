// SPDX-License-Identifier: MIT
#include "transport/msgpack_reader.hpp"
#include "transport/msgpack_writer.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(msgpack)

namespace {

using namespace askr;
using namespace askr::transport;

byte_buffer bytes_of(std::initializer_list<int> list) {
  byte_buffer made;
  for (const int each : list) made.push_back(static_cast<std::uint8_t>(each));
  return made;
}

template <class Write>
byte_buffer written(Write write) {
  byte_buffer out;
  write(out);
  return out;
}

errc refused(byte_span bytes, const msgpack_limits& limits = {}) {
  const auto checked = check_msgpack(bytes, limits);
  BOOST_REQUIRE(!checked.ok());
  return checked.code();
}

byte_buffer nested_arrays(std::size_t depth) {
  byte_buffer made(depth, 0x91);
  made.push_back(0xc0);
  return made;
}

}  // namespace

BOOST_AUTO_TEST_CASE(integers_take_their_shortest_form_and_read_back) {
  const std::pair<std::int64_t, std::size_t> table[] = {{0, 1},
                                                        {127, 1},
                                                        {128, 2},
                                                        {255, 2},
                                                        {256, 3},
                                                        {65535, 3},
                                                        {65536, 5},
                                                        {UINT32_MAX, 5},
                                                        {std::int64_t{UINT32_MAX} + 1, 9},
                                                        {INT64_MAX, 9},
                                                        {-1, 1},
                                                        {-32, 1},
                                                        {-33, 2},
                                                        {-128, 2},
                                                        {-129, 3},
                                                        {-32768, 3},
                                                        {-32769, 5},
                                                        {INT32_MIN, 5},
                                                        {std::int64_t{INT32_MIN} - 1, 9},
                                                        {INT64_MIN, 9}};
  for (const auto& [number, size] : table) {
    const auto bytes = written([&, n = number](byte_buffer& out) { write_int(out, n); });
    BOOST_TEST(bytes.size() == size);
    msgpack_reader reader(bytes);
    BOOST_TEST(reader.read_int().value() == number);
    BOOST_TEST(reader.at_end());
    BOOST_TEST(msgpack_reader(bytes).read_uint().has_value() == (number >= 0));
  }
}

BOOST_AUTO_TEST_CASE(the_largest_unsigned_integer_is_not_read_as_signed) {
  const auto bytes = written([](byte_buffer& out) { write_uint(out, UINT64_MAX); });
  BOOST_TEST(msgpack_reader(bytes).read_uint().value() == UINT64_MAX);
  BOOST_TEST(!msgpack_reader(bytes).read_int().has_value());
}

BOOST_AUTO_TEST_CASE(signed_forms_of_positive_numbers_are_unsigned) {
  const auto bytes = bytes_of({0xd1, 0x00, 0x05});
  BOOST_TEST(msgpack_reader(bytes).read_uint().value() == 5u);
  BOOST_TEST(msgpack_reader(bytes).read_int().value() == 5);
}

BOOST_AUTO_TEST_CASE(a_long_form_is_as_good_as_a_short_one) {
  const auto bytes = bytes_of({0xcf, 0, 0, 0, 0, 0, 0, 0, 7, 0xdb, 0, 0, 0, 1, 'x', 0xdd, 0, 0, 0, 0});
  msgpack_reader reader(bytes);
  BOOST_TEST(reader.read_uint().value() == 7u);
  BOOST_TEST(reader.read_str().value() == "x");
  BOOST_TEST(reader.read_array_header().value() == 0u);
  BOOST_TEST(reader.at_end());
}

BOOST_AUTO_TEST_CASE(doubles_and_floats_and_integers_read_as_doubles) {
  const auto bytes = written([](byte_buffer& out) {
    write_double(out, 21.5);
    write_raw(out, bytes_of({0xca, 0x3f, 0xc0, 0, 0}));
    write_int(out, -3);
  });
  msgpack_reader reader(bytes);
  BOOST_TEST(reader.read_double().value() == 21.5);
  BOOST_TEST(reader.read_double().value() == 1.5);
  BOOST_TEST(reader.read_double().value() == -3.0);
}

BOOST_AUTO_TEST_CASE(strings_and_bytes_of_every_header_size_read_back) {
  for (const std::size_t size : {0, 1, 31, 32, 255, 256, 65535, 65536}) {
    const std::string text(size, 'a');
    const auto bytes = written([&](byte_buffer& out) {
      write_str(out, text);
      write_bin(out, as_bytes(text));
    });
    msgpack_reader reader(bytes);
    BOOST_TEST(reader.read_str().value() == text);
    BOOST_TEST(as_text(reader.read_bin().value()) == text);
    BOOST_TEST(reader.at_end());
  }
}

BOOST_AUTO_TEST_CASE(containers_of_every_header_size_read_back) {
  for (const std::size_t count : {0, 15, 16, 65535, 65536}) {
    const auto bytes = written([&](byte_buffer& out) {
      write_array_header(out, count);
      write_map_header(out, count);
    });
    msgpack_reader reader(bytes);
    BOOST_TEST(reader.read_array_header().value() == count);
    BOOST_TEST(reader.read_map_header().value() == count);
  }
}

BOOST_AUTO_TEST_CASE(a_failed_read_leaves_the_cursor_where_it_was) {
  const auto bytes = written([](byte_buffer& out) { write_str(out, "abc"); });
  msgpack_reader reader(bytes);
  BOOST_TEST(!reader.read_uint().has_value());
  BOOST_TEST(!reader.read_bin().has_value());
  BOOST_TEST(!reader.read_bool().has_value());
  BOOST_TEST(!reader.read_nil());
  BOOST_TEST(!reader.read_map_header().has_value());
  BOOST_TEST(reader.read_str().value() == "abc");
}

BOOST_AUTO_TEST_CASE(every_cut_of_an_object_fails_and_never_reads_beyond) {
  const auto whole = written([](byte_buffer& out) {
    write_map_header(out, 2);
    write_str(out, "numbers");
    write_array_header(out, 3);
    write_uint(out, UINT64_MAX);
    write_double(out, 1.5);
    write_int(out, -70000);
    write_str(out, "bytes");
    write_bin(out, as_bytes("0123456789"));
  });
  BOOST_TEST(check_msgpack(whole).ok());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const std::vector<std::uint8_t> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    BOOST_TEST(msgpack_reader(cut).read_object().empty());
    BOOST_TEST(!check_msgpack(cut).ok());
  }
}

BOOST_AUTO_TEST_CASE(skip_passes_exactly_one_object) {
  const auto bytes = written([](byte_buffer& out) {
    write_array_header(out, 2);
    write_map_header(out, 1);
    write_str(out, "k");
    write_array_header(out, 0);
    write_bool(out, true);
    write_uint(out, 9);
  });
  msgpack_reader reader(bytes);
  BOOST_TEST(reader.skip());
  BOOST_TEST(reader.read_uint().value() == 9u);
  BOOST_TEST(!reader.skip());
}

BOOST_AUTO_TEST_CASE(a_huge_count_fails_before_it_is_believed) {
  // The bytes of msgpack-c #1013 and its relatives: an array of 2^32 - 1, chains of large arrays, maps likewise.
  for (const auto& bytes :
       {bytes_of({0xdd, 0xff, 0xff, 0xff, 0xff}), bytes_of({0xdf, 0xff, 0xff, 0xff, 0xff}),
        bytes_of({0xdc, 0xff, 0xff, 0xdc, 0xff, 0xff, 0xdc, 0xff, 0xff}), bytes_of({0xdb, 0xff, 0xff, 0xff, 0xff, 'x'}),
        bytes_of({0xc9, 0xff, 0xff, 0xff, 0xff, 1})}) {
    BOOST_TEST((refused(bytes) == errc::bad_message));
    BOOST_TEST(msgpack_reader(bytes).read_object().empty());
  }
}

BOOST_AUTO_TEST_CASE(depth_is_limited_but_skip_takes_any_depth) {
  BOOST_TEST(check_msgpack(nested_arrays(32)).ok());
  BOOST_TEST((refused(nested_arrays(33)) == errc::too_large));
  BOOST_TEST((refused(nested_arrays(1'000'000)) == errc::too_large));
  const auto deep = nested_arrays(1'000'000);
  BOOST_TEST(msgpack_reader(deep).read_object().size() == deep.size());
}

BOOST_AUTO_TEST_CASE(elements_and_strings_are_limited) {
  msgpack_limits limits;
  limits.elements_max = 3;
  limits.content_bytes_max = 4;
  BOOST_TEST(check_msgpack(bytes_of({0x93, 1, 2, 3}), limits).ok());
  BOOST_TEST((refused(bytes_of({0x92, 0x92, 1, 2, 3}), limits) == errc::too_large));
  BOOST_TEST((refused(bytes_of({0xa5, 'a', 'b', 'c', 'd', 'e'}), limits) == errc::too_large));
}

BOOST_AUTO_TEST_CASE(trailing_bytes_and_the_unused_tag_are_refused) {
  BOOST_TEST((refused(bytes_of({0x01, 0x02})) == errc::bad_message));
  BOOST_TEST((refused(bytes_of({0xc1})) == errc::bad_message));
  BOOST_TEST((refused({}) == errc::bad_message));
}

BOOST_AUTO_TEST_CASE(a_key_that_stands_twice_is_refused_unless_allowed) {
  const auto strings = bytes_of({0x82, 0xa1, 'a', 1, 0xa1, 'a', 2});
  const auto forms = bytes_of({0x82, 0xa1, 'a', 1, 0xd9, 1, 'a', 2});  // The same key in two encodings.
  const auto integers = bytes_of({0x82, 5, 1, 0xd0, 5, 2});
  for (const auto& bytes : {strings, forms, integers}) BOOST_TEST((refused(bytes) == errc::bad_message));
  BOOST_TEST(check_msgpack(bytes_of({0x82, 0xa1, 'a', 0x81, 0xa1, 'a', 1, 0xa1, 'b', 2})).ok());
  msgpack_limits limits;
  limits.unique_keys = false;
  BOOST_TEST(check_msgpack(strings, limits).ok());
}

BOOST_AUTO_TEST_CASE(twins_among_many_keys_are_found) {
  for (const bool twins : {false, true}) {
    const auto bytes = written([&](byte_buffer& out) {
      write_map_header(out, 20'000);
      for (int i = 0; i < 20'000; ++i) {
        write_str(out, "key" + std::to_string(twins && i == 19'999 ? 7 : i));
        write_nil(out);
      }
    });
    BOOST_TEST(check_msgpack(bytes).ok() == !twins);
  }
}

BOOST_AUTO_TEST_CASE(only_well_formed_utf8_passes) {
  const char* good[] = {"",
                        "plain",
                        "\xc2\x80",
                        "\xdf\xbf",
                        "\xe0\xa0\x80",
                        "\xed\x9f\xbf",
                        "\xef\xbf\xbf",
                        "\xf0\x90\x80\x80",
                        "\xf4\x8f\xbf\xbf",
                        "ascii first, then \xc3\xa4"};
  const char* bad[] = {"\x80",
                       "\xc0\xaf",
                       "\xc1\xbf",
                       "\xc2",
                       "\xe0\x9f\xbf",
                       "\xed\xa0\x80",
                       "\xe2\x82",
                       "\xff",
                       "\xf0\x8f\xbf\xbf",
                       "\xf4\x90\x80\x80",
                       "\xf5\x80\x80\x80",
                       "12345678\xfe"};
  for (const auto* text : good) BOOST_TEST(is_utf8(as_bytes(text)));
  for (const auto* text : bad) BOOST_TEST(!is_utf8(as_bytes(text)));
  BOOST_TEST((refused(bytes_of({0xa1, 0xff})) == errc::bad_message));
}

BOOST_AUTO_TEST_CASE(of_all_exts_only_timestamps_pass) {
  const auto short_form = bytes_of({0xd6, 0xff, 0, 0, 0, 2});
  const auto long_form =
      bytes_of({0xc7, 12, 0xff, 0, 0x0f, 0x42, 0x40, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff});
  BOOST_TEST(check_msgpack(short_form).ok());
  BOOST_TEST(timestamp_ms(*msgpack_reader(short_form).read_ext()).value() == 2000);
  BOOST_TEST(timestamp_ms(*msgpack_reader(long_form).read_ext()).value() == -999);
  const auto overflowing = bytes_of({0xd7, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0});  // 2^30 - 1 nanoseconds
  BOOST_TEST((refused(overflowing) == errc::bad_message));
  BOOST_TEST((refused(bytes_of({0xd4, 0xff, 0})) == errc::bad_message));
  BOOST_TEST((refused(bytes_of({0xd4, 0x05, 0})) == errc::bad_message));
  msgpack_limits any;
  any.timestamps_only = false;
  any.ext_bytes_max = 2;
  BOOST_TEST(check_msgpack(bytes_of({0xd5, 0x05, 0, 0}), any).ok());
  BOOST_TEST((check_msgpack(bytes_of({0xd6, 0x05, 0, 0, 0, 0}), any).code() == errc::too_large));
}

BOOST_AUTO_TEST_SUITE_END()
