// Codecs and digests, by name.
#include "text/builtin.hpp"
#include "weir/codec/digest.hpp"
#include "weir/codec/gzip.hpp"
#include "weir/codec/zstd.hpp"

namespace weir {

namespace {

StageType digest(const char* name, const char* help) {
  return {name, help, {}, [name](const StageArguments&) -> Made {
            WEIR_ASSIGN(auto made, make_digest(name));
            return Through(tap(std::move(made)));
          }};
}

StageType zstd_type() {
  StageParameter level{"level", ParameterType::integer, "from fast to small; 0 is the default", "3", -7, 19};
  StageParameter workers{
      "workers", ParameterType::integer, "frames at once; as many as there are threads if not given", "", 1, 1024};
  return {"zstd", "compress", {level, workers}, [](const StageArguments& given) -> Made {
            ZstdOptions options;
            options.level = static_cast<int>(given.integer("level").value_or(3));
            if (options.level == 0) options.level = 3;  // as the zstd command reads it
            options.max_workers = static_cast<std::size_t>(
                given.integer("workers").value_or(static_cast<std::int64_t>(options.max_workers)));
            return Through(zstd(options));
          }};
}

StageParameter max_output() { return {"max-output", ParameterType::size, "more than this is an error", ""}; }

StageType unzstd_type() {
  StageParameter window{"max-window", ParameterType::size, "frames that need more memory are an error", ""};
  return {
      "unzstd", "decompress any .zst, within limits", {max_output(), window}, [](const StageArguments& given) -> Made {
        UnzstdOptions options;
        options.max_output_bytes = given.size("max-output").value_or(options.max_output_bytes);
        options.max_window_bytes = given.size("max-window").value_or(options.max_window_bytes);
        return Through(unzstd(options));
      }};
}

StageType gzip_type() {
  StageParameter level{"level", ParameterType::integer, "from fast to small", "6", 1, 9};
  StageParameter workers{
      "workers", ParameterType::integer, "members at once; as many as there are threads if not given", "", 1, 1024};
  return {"gzip", "compress, for any gzip to read", {level, workers}, [](const StageArguments& given) -> Made {
            GzipOptions options;
            options.level = static_cast<int>(given.integer("level").value_or(options.level));
            options.max_workers = static_cast<std::size_t>(given.integer("workers").value_or(0));
            return Through(gzip(options));
          }};
}

StageType gunzip_type() {
  return {"gunzip", "decompress any .gz, within limits", {max_output()}, [](const StageArguments& given) -> Made {
            GunzipOptions options;
            options.max_output_bytes = given.size("max-output").value_or(options.max_output_bytes);
            return Through(gunzip(options));
          }};
}

}  // namespace

void add_codec_stages(StageRegistry& registry) {
  const auto add = [&](StageType type) { (void)registry.add(std::move(type)); };
  add(gzip_type());
  add(gunzip_type());
  add(zstd_type());
  add(unzstd_type());
  for (const char* name : {"sha256", "sha512", "md5"}) add(digest(name, "name the bytes' hash in the result"));
  for (const char* name : {"xxh3_64", "xxh3_128"})
    add(digest(name, "name the bytes' hash in the result; fast, for no secrets"));
  for (const char* name : {"crc32c", "crc64nvme"}) add(digest(name, "name the bytes' checksum in the result"));
}

}  // namespace weir
