// grep with regular expressions, against `grep -E` on the same lines.
#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

#include "stages/required_literal.hpp"
#include "support/seeds.hpp"
#include "support/temp_dir.hpp"
#include "weir/core/job.hpp"
#include "weir/stages/callback.hpp"
#include "weir/stages/grep.hpp"
#include "weir/stages/lines.hpp"
#include "weir/stages/memory.hpp"

using namespace weir;

namespace {

bool regex_is_there() {
  const Status checked = check_grep("", {.regex = true});
  if (!checked.ok()) WARN("left out: " << checked.message());
  return checked.ok();
}

/// What grep() lets through of `text`, which comes in pieces of `piece` bytes.
std::string kept(const std::string& text, const std::string& pattern, bool invert = false, std::size_t piece = 4096) {
  auto source = from_callback([&text, piece, at = std::size_t{0}]() mutable -> Result<Chunk> {
    const std::string_view part = std::string_view(text).substr(at, piece);
    at += part.size();
    return Chunk::copy_of(part);
  });
  auto into = std::make_shared<std::string>();
  const auto receipt =
      start(std::move(source) | lines() | grep(pattern, {.invert = invert, .regex = true}) | to_memory(into)).wait();
  INFO(receipt.status().message());
  REQUIRE(receipt.ok());
  return *into;
}

/// The same by the grep program.
std::string foreign(const test::TempDir& folder, const std::string& text, const std::string& pattern, bool invert,
                    bool ascii) {
  const std::string in = folder.write("text", text);
  const std::string wanted = folder.write("pattern", pattern + "\n");
  const std::string command = fmt::format("LC_ALL={} grep -a -E {} -f {} {} > {}", ascii ? "C" : "C.UTF-8",
                                          invert ? "-v" : "", wanted, in, folder.path("out"));
  const int code = std::system(command.c_str());
  INFO(command);
  REQUIRE((code == 0 || code == 1 << 8));  // 1: no line was one
  return test::read_file(folder.path("out"));
}

/// Patterns that both read alike: in words of RE2's page, what POSIX ERE has too, and GNU's \b, \B, \w, \W, \s.
class Patterns {
 public:
  Patterns(std::mt19937& random, bool ascii) : random_(random), ascii_(ascii) {}
  std::string pattern(int depth = kDeepest) {
    std::string text = branch(depth);
    for (std::size_t more = below(4); more == 3; more = below(4)) text += "|" + branch(depth);
    return text;
  }

 private:
  static constexpr int kDeepest = 2;
  std::size_t below(std::size_t limit) { return random_() % limit; }
  std::string one_of(std::initializer_list<const char*> texts) { return texts.begin()[below(texts.size())]; }
  std::string branch(int depth) {
    // Not in groups: of what may stand several times and begins with "^", GNU grep 3.8 misses lines.
    std::string text = depth == kDeepest && below(6) == 0 ? "^" : "";
    for (std::size_t i = 1 + below(4); i-- > 0;) text += piece(depth);
    return depth == kDeepest && below(6) == 0 ? text + "$" : text;
  }
  std::string piece(int depth) {
    if (ascii_ && below(12) == 0) return one_of({"\\b", "\\B"});
    std::string text = atom(depth);
    if (below(3) == 0) text += one_of({"*", "+", "?", "{2}", "{1,2}", "{0,1}", "{2,}"});
    return text;
  }
  std::string atom(int depth) {
    const std::size_t kind = below(12);
    if (kind < 6) return one_of({"a", "b", "c", " ", "ab"});
    if (kind == 6) return one_of({".", "\\.", "\\*", "\\(", "\\|"});
    if (kind == 7) return one_of({"[ab]", "[^a]", "[]a]", "[^]b]", "[a-c.]", "[.*|(]", "[^a-b ]"});
    if (kind == 8 && ascii_) return one_of({"\\w", "\\W", "\\s", "\\S", "[[:alpha:]]", "[^[:space:]]", "[[:punct:]b]"});
    if (kind == 8) return one_of({"é", "[éa]", "[^é]", "ü"});
    return depth == 0 ? "c" : "(" + pattern(depth - 1) + ")";
  }

  std::mt19937& random_;
  bool ascii_;
};

std::string random_lines(std::mt19937& random, bool ascii) {
  std::string text;
  for (std::size_t i = 0; i < 300; ++i) {
    for (std::size_t length = random() % 9; length > 0; --length) {
      const std::size_t which = random() % (ascii ? 12 : 14);
      text += which < 12 ? std::string(1, "aaabbbcc .*("[which]) : which == 12 ? "é" : "ü";
    }
    text += '\n';
  }
  return text;
}

}  // namespace

TEST_CASE("regular expressions choose the lines that grep -E chooses") {
  if (!regex_is_there()) return;
  const test::TempDir folder = test::TempDir::in_memory();
  for (std::uint64_t seed = test::first_seed(); seed < test::first_seed() + test::share_of_seeds(30); ++seed) {
    std::mt19937 random(static_cast<unsigned>(seed));
    const bool ascii = random() % 2 == 0;
    const std::string pattern = Patterns(random, ascii).pattern();
    const std::string text = random_lines(random, ascii);
    const bool invert = random() % 4 == 0;
    INFO("WEIR_SEED=" << seed << (ascii ? " ascii" : " utf-8") << (invert ? " invert: " : ": ") << pattern);
    const std::string expected = foreign(folder, text, pattern, invert, ascii);
    REQUIRE(kept(text, pattern, invert, 1 + random() % 3000) == expected);
    // Line by line, as wherever a line ends "\r\n".
    REQUIRE(kept(text + "\r\n", "(" + pattern + ")", invert).starts_with(expected));
  }
}

TEST_CASE("a line ends before CR LF too, and the last one without an end") {
  if (!regex_is_there()) return;
  const std::string text = "one\r\ntwo\n\r\n\nstone\none";
  for (const std::size_t piece : {1, 3, 100}) {
    CHECK(kept(text, "^one$", false, piece) == "one\r\none");
    CHECK(kept(text, "one$", false, piece) == "one\r\nstone\none");
    CHECK(kept(text, "^$", false, piece) == "\r\n\n");
    CHECK(kept(text, "^.", true, piece) == "\r\n\n");
    CHECK(kept(text, "", false, piece) == text);
    CHECK(kept(text, "[^x]two", false, piece).empty());  // no line reaches into the next
    CHECK(kept(text, "\\Aone\\z", false, piece) == "one\r\none");
  }
  CHECK(kept("a\nb\n", "$") == "a\nb\n");
  CHECK(kept("a\nb\n", "^$").empty());
  CHECK(kept("a\nb\n", "(?-m:^b$)") == "b\n");
  CHECK(kept("a\nb\n", "(?i)B") == "b\n");
  CHECK(kept("a\nb\n", "(?s)a.b").empty());
  CHECK(kept("a\nb\n", "a\\sb").empty());
  CHECK(kept(std::string("a\0b\n\xff\n", 6), "a.b|^.$") == std::string("a\0b\n", 4));  // \xff is no character
}

TEST_CASE("what is no regular expression is refused, with the pattern and the reason, before anything runs") {
  if (!regex_is_there()) return;
  for (const auto& [pattern, reason] :
       {std::pair{"a(b", "missing )"}, std::pair{"*a", "no argument for repetition operator"},
        std::pair{"[b-a]", "invalid character class range"}, std::pair{"(a)\\1", "invalid escape sequence"},
        std::pair{"\xff", "invalid UTF-8"}, std::pair{"a)(b", "unexpected )"},
        std::pair{"((((a{99}){99}){99}){99})", ""}}) {
    const Status refused = check_grep(pattern, {.regex = true});
    INFO(refused.message());
    CHECK(refused.kind() == Kind::invalid_argument);
    CHECK(refused.message().find(pattern) != std::string::npos);
    CHECK(refused.message().find(reason) != std::string::npos);
    const auto receipt =
        start(memory("a\n") | lines() | grep(pattern, {.regex = true}) | to_memory(std::make_shared<std::string>()))
            .wait();
    CHECK(receipt.status().message().find(reason) != std::string::npos);
  }
  CHECK(check_grep("a\nb", {.regex = true}).message().find("line end") != std::string::npos);
  CHECK(check_grep("a(b").ok());
}

TEST_CASE("a budget that does not hold the expression is refused with what would fit") {
  if (!regex_is_there()) return;
  const auto run = [](std::size_t budget_bytes) {
    JobOptions options;
    options.budget_bytes = budget_bytes;
    auto into = std::make_shared<std::string>();
    return start(memory("ax\n") | lines({.longest_bytes = 2 * kMiB}) | grep("a.*x", {.regex = true}) | to_memory(into),
                 std::move(options))
        .wait();
  };
  const auto poor = run(kMinBudgetBytes);
  if (poor.ok()) return;  // it is enough
  CHECK(poor.error().kind == Kind::budget_too_small);
  CHECK(run(poor.error().needed_bytes).ok());
}

TEST_CASE("a literal that every match needs is found where it is plain to see, and only there") {
  const std::pair<const char*, const char*> cases[] = {
      {"ERROR", "ERROR"},
      {"^ERROR.*code", "ERROR"},
      {"a+bcd", "bcd"},
      {"abc?", "ab"},
      {"abc*d", "ab"},
      {"abc{0,2}d", "ab"},
      {"ab+", "ab"},
      {"a|bcd", ""},
      {"(a|b)cde", "cde"},
      {"[abc]de|f", ""},
      {"[]|]de", "de"},
      {"[[:alpha:]|]de", "de"},
      {"1\\.2\\.3", "1.2.3"},
      {"\\bword\\b", "word"},
      {"\\x41bc", ""},
      {"ab\\n|c", ""},
      {"(?i)abc", ""},
      {"a{x|b}", ""},
      {"a{,3}bc", "bc"},
      {"é?abc", "abc"},
      {"abcé*", "abc"},
      {"(a(b[)])c)def", "def"},
      {"\\Qa.b\\E", ""},
      {"", ""},
      {".*", ""},
      {"\\d+ms", "ms"},
      {"a\\|b", "a|b"},
      {"[^]]ab", "ab"},
      {"[\\]x]yz", "yz"},
      {"x{2}y{", ""},
  };
  for (const auto& [pattern, literal] : cases) {
    INFO(pattern);
    CHECK(required_literal(pattern) == literal);
  }
}
