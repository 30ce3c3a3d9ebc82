#include "net/structured_field.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "net/base64.hpp"

namespace weir::net {
namespace {

FieldItem number(std::int64_t value) { return value; }
FieldItem flag(bool value) { return value; }
FieldItem bytes(std::string value) { return Bytes{std::move(value)}; }

}  // namespace

TEST_CASE("integers are of at most fifteen digits, with a sign, blanks around and parameters behind") {
  CHECK(read_integer_field("0") == 0);
  CHECK(read_integer_field("  42 ") == 42);
  CHECK(read_integer_field("-999999999999999") == -999'999'999'999'999);
  CHECK(read_integer_field("5;a;b=?0;c=\"x\\\"y\"") == 5);
  for (const char* wrong : {"", " ", "+5", "1e3", "0x5", "5,6", "5 6", "1000000000000000", "--5", "-", "5.0", "5.",
                            "?1", "\"5\"", "5;", "5;A"})
    CHECK_FALSE(read_integer_field(wrong));
}

TEST_CASE("booleans are ?0 and ?1") {
  CHECK(read_boolean_field("?1") == true);
  CHECK(read_boolean_field(" ?0 ;a=1") == std::nullopt);  // a blank before parameters
  CHECK(read_boolean_field("?0;a=1") == false);
  for (const char* wrong : {"", "1", "?", "?2", "true", "?1?0", "?1,?0", "?10"}) CHECK_FALSE(read_boolean_field(wrong));
}

TEST_CASE(
    "dictionaries keep their order, the last of several with one key counts, and what nobody asks for is read over") {
  CHECK(*read_dictionary_field("") == FieldDictionary{});
  CHECK(*read_dictionary_field("max-size=100, min-size=0\t,\tmax-age=7;x=1") ==
        FieldDictionary{{"max-size", number(100)}, {"min-size", number(0)}, {"max-age", number(7)}});
  CHECK(*read_dictionary_field("a, b=?0, c;q=1") ==
        FieldDictionary{{"a", flag(true)}, {"b", flag(false)}, {"c", flag(true)}});
  CHECK(*read_dictionary_field("sha-256=:YWJj:, md5=::") ==
        FieldDictionary{{"sha-256", bytes("abc")}, {"md5", bytes("")}});
  CHECK(*read_dictionary_field("a=1, b=2, a=3") == FieldDictionary{{"b", number(2)}, {"a", number(3)}});
  CHECK(*read_dictionary_field("a=1.5, b=tok/en:x, c=\"a, b\", d=(1 \"x\";y ?1);z, e=@-17, f=%\"%c3%bc\", *g=()") ==
        FieldDictionary{{"a", Other()},
                        {"b", Other()},
                        {"c", Other()},
                        {"d", Other()},
                        {"e", Other()},
                        {"f", Other()},
                        {"*g", Other()}});
  for (const char* wrong : {"a=", "A=1", "a=1,", "a=1 b=2", ",a=1", "a=:YQ", "a=:Y*:", "a=\"x", "a=(1", "a=(1,2)",
                            "a=((1))", "a=@1.5", "a=%x", "1=a", "a==1", "a=\"\n\""})
    CHECK_FALSE(read_dictionary_field(wrong));
}

TEST_CASE("base64 is read with its padding or without, and strictly where that is asked for") {
  for (const std::string& text : std::vector<std::string>{"", "a", "ab", "abc", "abcd", {"\0\xff\x7f", 3}}) {
    CHECK(from_base64(base64(text)) == text);
    CHECK(from_padded_base64(base64(text)) == text);
  }
  CHECK(from_base64("YQ") == "a");
  for (const char* wrong : {"YQ", "Y", "YQ=", "YQ===", "====", "=", "Y=Q=", "YQ==YQ==", " YQ=", "Y_-="})
    CHECK_FALSE(from_padded_base64(wrong));
  for (const char* wrong : {"Y", "Y=Q", "Y Q", "Y_"}) CHECK_FALSE(from_base64(wrong));
}

}  // namespace weir::net
