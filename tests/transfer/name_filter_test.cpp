// Which names a pattern, and a list of rules, means.
#include <catch2/catch.hpp>

#include "transfer/copy_names.hpp"
#include "weir/transfer/name_filter.hpp"

namespace weir {
namespace {

bool matches(const char* pattern, const char* name) { return Glob(pattern).matches(name); }

}  // namespace

TEST_CASE("a pattern matches as shells have it, and characters, not bytes") {
  CHECK(matches("a*.txt", "a.txt"));
  CHECK(matches("a*.txt", "abc.txt"));
  CHECK_FALSE(matches("a*.txt", "a/b.txt"));
  CHECK(matches("a**.txt", "a/b.txt"));
  CHECK(matches("**/x", "a/b/x"));
  CHECK(matches("?", "ü"));
  CHECK(matches("?", "🌊"));
  CHECK_FALSE(matches("?", "/"));
  CHECK_FALSE(matches("?", ""));
  CHECK(matches("[a-c]x", "bx"));
  CHECK_FALSE(matches("[!a-c]x", "bx"));
  CHECK(matches("[^a-c]x", "dx"));
  CHECK(matches("[]-]", "]"));
  CHECK(matches("[ä-ö]", "ö"));
  CHECK(matches("\\*", "*"));
  CHECK_FALSE(matches("\\*", "a"));
  CHECK(matches("", ""));
  CHECK_FALSE(matches("", "a"));
  CHECK(matches("*", ""));
  CHECK_FALSE(matches("abc", "abcd"));
}

TEST_CASE("what cannot be meant as a pattern stands for itself") {
  CHECK(matches("a[b", "a[b"));
  CHECK(matches("a\\", "a\\"));
  CHECK(matches("\xff*", "\xffname"));
  CHECK_FALSE(matches("\xff", "\xfe"));
}

TEST_CASE("a pattern full of stars takes no longer than its size") {
  const std::string stars(200, '*');
  std::string pattern;
  for (int i = 0; i < 60; ++i) pattern += "*a";
  CHECK_FALSE(Glob(pattern + "b").matches(std::string(4000, 'a')));
  CHECK(Glob(stars).matches(std::string(4000, 'a')));
}

TEST_CASE("a directory that matches stands for what lies below it, where that is asked for") {
  CHECK(Glob("2024-*").matches_beginning("2024-01/x/y"));
  CHECK(Glob("2024-*").matches_beginning("2024-01"));
  CHECK_FALSE(Glob("2024-*").matches_beginning("2023-01/2024-x"));
}

TEST_CASE("the last rule that matches decides, and what no rule names is in") {
  const NameFilter pictures({{false, "*"}, {true, "*.jpg"}, {false, "secret/"}});
  CHECK(pictures.passes("a.jpg"));
  CHECK(pictures.passes("deep/er/a.jpg"));
  CHECK_FALSE(pictures.passes("a.png"));
  CHECK_FALSE(pictures.passes("secret/a.jpg"));
  CHECK(pictures.passes("not/secret/a.jpg"));

  const NameFilter others({{false, "*.tmp"}, {false, "/top.txt"}, {false, ".git/*"}, {false, "node_modules"}});
  CHECK_FALSE(others.passes("a/b/x.tmp"));
  CHECK_FALSE(others.passes("top.txt"));
  CHECK(others.passes("a/top.txt"));
  CHECK_FALSE(others.passes(".git/a/b"));
  CHECK_FALSE(others.passes("a/node_modules"));
  CHECK(others.passes("anything"));
  CHECK(NameFilter().passes("anything"));

  const NameFilter turned({{true, "*.jpg"}, {false, "*"}});
  CHECK_FALSE(turned.passes("a.jpg"));
}

TEST_CASE("a file beside a folder of its name is found, whatever sorts between them") {
  transfer::KeyNeighbours names;
  for (const char* key : {"a", "a-b", "a.c", "ab", "b/c", "b/c.d"}) CHECK(names.check(key).ok());
  transfer::KeyNeighbours clash;
  CHECK(clash.check("a").ok());
  CHECK(clash.check("a-b").ok());
  CHECK(clash.check("a/b").kind() == Kind::invalid_argument);
  CHECK(clash.check("a/b/c").kind() == Kind::invalid_argument);
  CHECK(clash.check("b").ok());
  CHECK(clash.check("b/").kind() == Kind::invalid_argument);
}

TEST_CASE("names that differ in case alone are one, where the file system has it so") {
  transfer::CaseCollisions names;
  CHECK(names.check("dir/Read.me").ok());
  CHECK(names.check("dir/READ.ME").kind() == Kind::already_exists);
  CHECK(names.check("ÄRGER").ok());
  CHECK(names.check("ärger").kind() == Kind::already_exists);
  CHECK(names.check("Ж").ok());
  CHECK(names.check("ж").kind() == Kind::already_exists);
  CHECK(names.check("日本").ok());
  CHECK(names.check("日木").ok());
}

TEST_CASE("A set without its end is found where it stands") {
  CHECK(Glob::unclosed_set("[bad") == 0);
  CHECK(Glob::unclosed_set("a*[b]/[") == 6);
  CHECK(Glob::unclosed_set("[]") == 0);  // the ']' that comes first is one of the set
  CHECK(Glob::unclosed_set("[!]") == 0);
  CHECK(Glob::unclosed_set("ü[雪") == 2);
  for (const char* const whole : {"", "[a]", "[]]", "[!]a]", "\\[bad", "a]", "[[]", "*.jpg"}) {
    INFO(whole);
    CHECK(Glob::unclosed_set(whole) == std::string_view::npos);
  }
}

}  // namespace weir
