#include "server/tus_fields.hpp"

#include <catch2/catch.hpp>

namespace weir::server {

TEST_CASE("Upload-Metadata is read as it is sent, whatever bytes it stands for") {
  CHECK(*read_upload_metadata("") == UploadMetadata{});
  CHECK(*read_upload_metadata("filename d29ybGQ=,is_confidential") ==
        UploadMetadata{{"filename", "world"}, {"is_confidential", ""}});
  CHECK(*read_upload_metadata("a YQ==, b , c YmM=") == UploadMetadata{{"a", "a"}, {"b", ""}, {"c", "bc"}});
  CHECK(*read_upload_metadata("a DQo=") == UploadMetadata{{"a", "\r\n"}});
  const UploadMetadata metadata{{"name", std::string("\0\xff/../", 6)}, {"empty", ""}};
  CHECK(*read_upload_metadata(upload_metadata_text(metadata)) == metadata);
}

TEST_CASE("Upload-Metadata that is malformed or too much is refused") {
  for (const char* wrong : {",", "a YQ==,", "a YQ==,,b", "a YQ", "a Y*==", "a YQ==,a YQ==", "a YQ== YQ=="})
    CHECK_FALSE(read_upload_metadata(wrong));
  std::string keys = "k0";
  for (int i = 1; i < 64; ++i) keys += ",k" + std::to_string(i);
  CHECK(read_upload_metadata(keys)->size() == 64);
  CHECK_FALSE(read_upload_metadata(keys + ",k64"));
  CHECK(read_upload_metadata("a " + std::string(8188, 'Q')));
  CHECK_FALSE(read_upload_metadata("a " + std::string(8192, 'Q')));
}

TEST_CASE("Upload-Checksum is an algorithm and a digest") {
  const auto checksum = read_upload_checksum("sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=");
  REQUIRE(checksum);
  CHECK((checksum->algorithm == "sha1" && checksum->digest.size() == 20));
  for (const char* wrong :
       {"", "sha1", "sha1 ", " YQ==", "sha1  YQ==", "sha1 YQ", "SHA1 YQ==", "sha1 YQ== ", "sh(a YQ=="})
    CHECK_FALSE(read_upload_checksum(wrong));
}

TEST_CASE("Upload-Concat is partial, or final with its parts in order") {
  CHECK_FALSE(read_upload_concat("partial")->final);
  const auto concat = read_upload_concat("final;/files/a http://b/files/b  /files/a");
  REQUIRE(concat);
  CHECK((concat->final && concat->parts == std::vector<std::string>{"/files/a", "http://b/files/b", "/files/a"}));
  std::string many = "final;";
  for (int i = 0; i < 1001; ++i) many += "a ";
  for (const std::string& wrong :
       std::vector<std::string>{"", "final", "final;", "final; ", "Partial", "partial;", "finalx;a", many})
    CHECK_FALSE(read_upload_concat(wrong));
}

}  // namespace weir::server
