// Pipelines from text, run.
#include <catch2/catch.hpp>

#include "support/temp_dir.hpp"
#include "weir/core/explain.hpp"
#include "weir/core/job.hpp"
#include "weir/stages/grep.hpp"
#include "weir/stages/map.hpp"
#include "weir/stages/memory.hpp"
#include "weir/text/parse.hpp"

using namespace weir;

namespace {

std::string refused(std::string_view text, const ParseOptions& options = {}) {
  auto pipeline = parse(text, options);
  REQUIRE_FALSE(pipeline.ok());
  CHECK(pipeline.error().kind == Kind::invalid_argument);
  return pipeline.status().message();
}

}  // namespace

TEST_CASE("A line of text runs as the stages that it names") {
  const test::TempDir dir;
  (void)dir.write("log.txt", "one ERROR\ntwo\nthree ERROR\n");
  auto pipeline = parse(fmt::format("file:{0}/log.txt | lines | grep ERROR | sha256 | '{0}/out file'", dir.root()));
  REQUIRE(pipeline.ok());
  const auto receipt = start(std::move(*pipeline)).wait();
  REQUIRE(receipt.ok());
  CHECK(receipt->facts.count("sha256") == 1);
  CHECK(test::read_file(dir.path("out file")) == "one ERROR\nthree ERROR\n");
}

TEST_CASE("Ends that are no places are told, or stand-ins taken") {
  CHECK_THAT(refused(""), Catch::Contains("it is empty"));
  CHECK_THAT(refused("gen:1MiB"), Catch::Contains("column 1: it has one place, and goes from one to another"));
  CHECK_THAT(refused("zstd | null:"), Catch::Contains("column 1: \"zstd\" is no source"));
  CHECK_THAT(refused("gen:1MiB | zstd"), Catch::Contains("column 12: \"zstd\" is no sink"));
  CHECK_THAT(refused("gen:1MiB | zstdd level=3"),
             Catch::Contains("column 18: a place takes no parameters") && Catch::Contains("Did you mean \"zstd\"?"));
  CHECK_THAT(refused("gen:1MiB | s4://bucket/key"), Catch::Contains("column 12:") && Catch::Contains("s4"));
  CHECK_THAT(refused("gen:1MiB | zstdd | null:"), Catch::Contains("column 12: there is no stage \"zstdd\""));
  CHECK_THAT(refused("gen:1MiB | tee null: | null:"),
             Catch::Contains("column 12: tee is a sink, and stands at the end"));
  CHECK_THAT(refused("concat gen:1 | concat gen:1 | null:"), Catch::Contains("column 16: concat is a source"));
  CHECK_THAT(refused("gen:1MiB | tee"),
             Catch::Contains("tee needs its place") && Catch::Contains("tee PLACE... [drop-failed]"));
  CHECK_THAT(refused("gen:1MiB | tee gen:1"), Catch::Contains("column 12:") && Catch::Contains("gen"));
  ParseOptions options;
  options.source_if_none = "gen:1MiB";
  options.sink_if_none = "null:";
  auto pipeline = parse("zstd | sha256", options);
  REQUIRE(pipeline.ok());
  CHECK(pipeline->transforms.size() == 2);
  CHECK(start(std::move(*pipeline)).wait().ok());
}

TEST_CASE("Parameters are taken by name, bare, or as a flag, and each once") {
  const auto made = [](std::string_view text) { return parse_through(text); };
  CHECK(made("lines | grep x").ok());
  CHECK(made("lines | grep text=x invert").ok());
  CHECK(made("lines | grep invert x").ok());
  CHECK(made("lines | grep x invert=no").ok());
  if (check_grep("", {.regex = true}).ok()) {
    CHECK(made("lines | grep '^[0-9]+ (GET|PUT)$' regex").ok());
    CHECK_THAT(made("lines | grep 'a(b' regex").status().message(),
               Catch::Contains("column 9: \"a(b\" is no regular expression: missing ): a(b"));
  }
  CHECK_THAT(made("grep").status().message(),
             Catch::Contains("grep needs its text") && Catch::Contains("grep TEXT [invert] [regex]"));
  CHECK_THAT(made("grep x y").status().message(), Catch::Contains("column 8: \"y\" is no parameter of grep"));
  CHECK_THAT(made("grep x text=y").status().message(), Catch::Contains("is given twice"));
  CHECK_THAT(made("grep x invert=maybe").status().message(), Catch::Contains("invert is yes or no, not \"maybe\""));
  CHECK_THAT(made("take").status().message(), Catch::Contains("take is of lines=N or of bytes=SIZE"));
  CHECK_THAT(made("take lines=-1").status().message(), Catch::Contains("\"-1\" is no lines from 0"));
}

TEST_CASE("A host's stage is a stage like the others") {
  StageRegistry registry = StageRegistry::builtin();
  StageParameter by;
  by.name = "by";
  by.type = ParameterType::integer;
  by.least = 1;
  by.most = 9;
  const auto shift = [](const StageArguments& given) -> Result<Through> {
    return Through(map([by = given.integer("by").value_or(1)](Chunk chunk) {
      std::string text(chunk.text());
      for (char& c : text) c = static_cast<char>(c + by);
      return Chunk::copy_of(text);
    }));
  };
  REQUIRE(registry.add({"shift", "move letters on", {by}, shift}).ok());
  CHECK(registry.add({"shift", "again", {}, shift}).kind() == Kind::invalid_argument);
  CHECK(registry.add({"two words", "", {}, shift}).kind() == Kind::invalid_argument);
  CHECK(registry.add({"twice", "", {by, by}, shift}).kind() == Kind::invalid_argument);
  CHECK(registry.add({"empty", "", {}, nullptr}).kind() == Kind::invalid_argument);

  const test::TempDir dir;
  (void)dir.write("in", "HAL");
  ParseOptions options;
  options.registry = &registry;
  auto pipeline = parse(fmt::format("file:{0}/in | shift by=1 | file:{0}/out", dir.root()), options);
  REQUIRE(pipeline.ok());
  REQUIRE(start(std::move(*pipeline)).wait().ok());
  CHECK(test::read_file(dir.path("out")) == "IBM");
  CHECK_THAT(refused("gen:1 | shift by=10 | null:", options), Catch::Contains("\"10\" is no by from 1 to 9"));
}

TEST_CASE("Every stage tells how it is written and what its parameters are") {
  for (const auto& [name, type] : StageRegistry::builtin().types()) {
    INFO(name);
    CHECK(written_form(type).starts_with(name));
    CHECK_FALSE(type.help.empty());
    for (const StageParameter& parameter : type.parameters) CHECK_FALSE(parameter.help.empty());
  }
  CHECK(written_form(*StageRegistry::builtin().find("grep")) == "grep TEXT [invert] [regex]");
  CHECK(written_form(*StageRegistry::builtin().find("zstd")) == "zstd [level=3] [workers=N]");
}

TEST_CASE("What is pointed out shows no key of a URL") {
  for (const char* text :
       {"https://me:hunter2@host/f?X-Sig=hunter2 | zsdt | file:x", "file:x | zsdt | 'https://host/f?X-Sig=hunter2'",
        "https://host/f?X-Sig=hunter2 level=3 | null:"}) {
    CAPTURE(text);
    const auto made = parse(text);
    REQUIRE_FALSE(made.ok());
    CHECK_THAT(made.status().message(), !Catch::Contains("hunter2") && Catch::Contains("host"));
  }
  CHECK_THAT(parse("s3://b/what?@x | zsdt | null:").status().message(), Catch::Contains("what?@x"));
}

TEST_CASE("A plan is told without anything being opened") {
  auto pipeline = parse("file:/nowhere/at/all | zstd | null:");
  REQUIRE(pipeline.ok());
  CHECK_FALSE(explain(*pipeline, 64 * kMiB, 2).ok());  // as start() would end
  auto good = parse("gen:1GiB | lines | grep x | sha256 | null:");
  REQUIRE(good.ok());
  const auto text = explain(*good, 64 * kMiB, 8);
  REQUIRE(text.ok());
  CHECK_THAT(*text, Catch::Contains("segment 1, on the pool:\n  generator") &&
                        Catch::Contains("cut: a ring of 8 chunks") && Catch::Contains("memory: at least"));
}

TEST_CASE("A thousand stages run, and what is put before lines is refused by name") {
  std::string many = "gen:1MiB";
  for (int i = 0; i < 1000; ++i) many += " | crc32c";
  auto pipeline = parse(many + " | null:");
  REQUIRE(pipeline.ok());
  CHECK(start(std::move(*pipeline)).wait().ok());
  auto wrong = parse("gen:1MiB | grep x | null:");
  REQUIRE(wrong.ok());
  const auto ended = start(std::move(*wrong)).wait();
  REQUIRE_FALSE(ended.ok());
  CHECK(ended.error().stage == "grep");
}

TEST_CASE("Stages that steer the flow are told in text what they are told in C++") {
  const auto told = [](std::string_view text) {
    const auto made = parse_through(text);
    INFO(made.status().message());
    REQUIRE(made.ok());
    return made->transforms.front()->name();
  };
  CHECK(told("rate_limit 10MiB") == "rate_limit");
  CHECK(told("timeout time=1.5s") == "timeout");
  CHECK(told("buffered 16") == "buffered");
  CHECK(told("batch lines=100 bytes=64KiB within=200ms") == "batch");
  const auto wrong = [](std::string_view text) { return parse_through(text).status().message(); };
  CHECK_THAT(wrong("rate_limit"), Catch::Contains("rate_limit needs its rate"));
  CHECK_THAT(wrong("rate_limit 10mb"), Catch::Contains("column 12:"));
  for (const char* time : {"30", "s", "1y", "-1s", "0s", "1..5s", "999999d"})
    CHECK_THAT(wrong(std::string("timeout ") + time), Catch::Contains("column 9:") && Catch::Contains("500ms, 30s"));
  CHECK_THAT(wrong("buffered 1"), Catch::Contains("from 2"));
  CHECK_THAT(wrong("batch lines=0"), Catch::Contains("from 1"));
}

TEST_CASE("A stream of CSV is split into a place for each value of a field, through stages") {
  const test::TempDir dir;
  (void)dir.write("in.csv", "id,day\n1,mon\n2,\"tu,e\"\n3,mon\n");
  auto pipeline = parse(fmt::format(
      "file:{0}/in.csv | lines | split 'zstd level=1 | file:{0}/{{key}}.csv.zst' field=2 header", dir.root()));
  INFO(pipeline.status().message());
  REQUIRE(pipeline.ok());
  const auto receipt = start(std::move(*pipeline)).wait();
  INFO(receipt.status().message());
  REQUIRE(receipt.ok());
  CHECK(receipt->facts.count("mon.destination") == 1);
  CHECK(receipt->facts.count("tu,e.checksum") == 1);
  const auto unpacked = [&](const std::string& name) {
    const auto into = std::make_shared<std::string>();
    auto back = parse(fmt::format("file:{}/{} | unzstd | null:", dir.root(), name));
    REQUIRE(back.ok());
    back->sink = to_memory(into);
    CHECK(start(std::move(*back)).wait().ok());
    return *into;
  };
  CHECK(unpacked("mon.csv.zst") == "id,day\n1,mon\n3,mon\n");
  CHECK(unpacked("tu,e.csv.zst") == "id,day\n2,\"tu,e\"\n");

  pipeline = parse(fmt::format("gen:2500 | split file:{}/part-{{number}} size=1000B", dir.root()));
  REQUIRE(pipeline.ok());
  REQUIRE(start(std::move(*pipeline)).wait().ok());
  CHECK(test::read_file(dir.path("part-00001")).size() == 1000);
  CHECK(test::read_file(dir.path("part-00003")).size() == 500);
}

TEST_CASE("What split cannot mean is refused when it is read, and hostile keys when they come") {
  CHECK_THAT(refused("gen:1 | lines | split ./x"), Catch::Contains("by field=N or by size=SIZE"));
  CHECK_THAT(refused("gen:1 | split ./{key} field=1 size=5"), Catch::Contains("by field=N or by size=SIZE"));
  CHECK_THAT(refused("gen:1 | split ./x field=1"), Catch::Contains("{key} is nowhere in"));
  CHECK_THAT(refused("gen:1 | split ./{key} size=5"), Catch::Contains("{number} is nowhere in"));
  for (const char* place : {"{key}", "{key}/x", "file:{key}", "s3://{key}/x", "https://{key}/x", "nul{key}"})
    CHECK_THAT(refused(fmt::format("gen:1 | split {} field=1", place)), Catch::Contains("may not choose"));
  CHECK_THAT(refused("gen:1 | split 'zstdd | ./{key}' field=1"), Catch::Contains("zstdd"));
  CHECK_THAT(refused("gen:1 | split 's4://b/{key}' field=1"), Catch::Contains("s4"));
  CHECK_THAT(refused("gen:1 | split ./{key} field=0"), Catch::Contains("from 1"));
  CHECK_THAT(refused("gen:1 | split ./{key} field=1 separator=ab"), Catch::Contains("one character"));
  const test::TempDir dir;
  (void)dir.write("in.csv", "1,../evil\n");
  auto pipeline = parse(fmt::format("file:{0}/in.csv | lines | split file:{0}/out/{{key}} field=2", dir.root()));
  REQUIRE(pipeline.ok());
  auto receipt = start(std::move(*pipeline)).wait();
  REQUIRE_FALSE(receipt.ok());
  CHECK_THAT(receipt.status().message(), Catch::Contains("cannot be a name"));
  pipeline = parse(fmt::format("file:{0}/in.csv | lines | split file:{0}/out/{{key}} field=3", dir.root()));
  receipt = start(std::move(*pipeline)).wait();
  REQUIRE_FALSE(receipt.ok());
  CHECK_THAT(receipt.status().message(), Catch::Contains("(byte 0): the line has 2 fields, and no field 3"));
}
