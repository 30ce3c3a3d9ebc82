#include "server/http_chunked.hpp"

#include <catch2/catch.hpp>

namespace weir::server {
namespace {

struct Read {
  int status = 0;  // of a refusal
  std::string content;
  std::size_t taken = 0;
  bool done = false;
};

Read read_all(std::string_view text, std::size_t piece, ChunkedReader& reader) {
  Read read;
  while (read.taken < text.size() && !reader.done()) {
    ChunkedReader::Step step;
    if (const auto refused = reader.take(text.substr(read.taken, piece), step)) {
      read.status = refused->status;
      return read;
    }
    REQUIRE(step.taken > 0);
    read.content += step.content;
    read.taken += step.taken;
  }
  read.done = reader.done();
  return read;
}

int chunked_status(std::string_view text) {
  ChunkedReader reader;
  const Read read = read_all(text, text.size(), reader);
  if (read.status == 0 && !read.done) return -1;  // it waits for more
  return read.status;
}

}  // namespace

TEST_CASE("a body in chunks is read out of pieces of any size, and nothing behind it is taken") {
  const std::string text =
      "5\r\nhello\r\n00A;name=\"va lue\"\r\n, it is me!\r\n0\r\nUpload-Checksum: sha1 abc\r\nX: 1\r\nX: 2\r\n\r\n";
  const std::string all = text + "GET / HTTP/1.1\r\n";
  for (std::size_t piece = 1; piece <= all.size(); ++piece) {
    ChunkedReader reader;
    const Read read = read_all(all, piece, reader);
    CHECK(read.status == 400);  // "0A" is ten, and there are eleven
    CHECK(read.content == "hello, it is me");
  }
  std::string right = all;
  right.replace(right.find("00A"), 3, "00b");
  for (std::size_t piece = 1; piece <= right.size(); ++piece) {
    ChunkedReader reader;
    const Read read = read_all(right, piece, reader);
    CHECK((read.status == 0 && read.done && read.taken == text.size()));
    CHECK(read.content == "hello, it is me!");
    CHECK(reader.trailer("upload-checksum") == "sha1 abc");
    CHECK_FALSE(reader.trailer("x"));  // there are two
    CHECK_FALSE(reader.trailer("y"));
  }
}

TEST_CASE("sizes of chunks are hexadecimal digits alone") {
  CHECK(chunked_status("0\r\n\r\n") == 0);
  CHECK(chunked_status("0000000000000000\r\n\r\n") == 0);
  for (const char* wrong : {"-2\r\n", "+2\r\n", "0x10\r\n", "\r\n", " 5\r\n", "5 \r\n", "5 ;a\r\n", "g\r\n",
                            "00000000000000000\r\n", "5,5\r\n", ";a\r\n"})
    CHECK(chunked_status(wrong) == 400);
  CHECK(chunked_status("ffffffffffffffff\r\nab") == -1);  // how much may come is for who counts what came
}

TEST_CASE("chunks end where they say, and lines with CR and LF") {
  for (const char* wrong : {"5\nhello\r\n0\r\n\r\n", "5\r\nhelloX\r\n", "5\r\nhello\n0\r\n\r\n", "5\r\nhello0\r\n\r\n",
                            "5\rX", "0\n\r\n", "0\r\n\n", "5;a\x01\r\n", "5;a\rb\r\n", "5;a\nb\r\n", "5;\xc3\xbc\r\n"})
    CHECK(chunked_status(wrong) == 400);
  CHECK(chunked_status("5;" + std::string(1 << 20, 'a')) == 400);
}

TEST_CASE("trailers say nothing about how a request is read or who sent it, and are few") {
  for (const char* wrong : {"Content-Length: 5", "Transfer-Encoding: chunked", "Host: a", "Authorization: Bearer x",
                            "cookie: a", "Content-Type: a/b", "A : b", " A: b", "A", ": b", "A: \x01"})
    CHECK(chunked_status("0\r\n" + std::string(wrong) + "\r\n\r\n") == 400);
  std::string many;
  for (int i = 0; i < 33; ++i) many += "A: b\r\n";
  CHECK(chunked_status("0\r\n" + many) == 431);
  std::string large;
  for (int i = 0; i < 9; ++i) large += "A: " + std::string(1000, 'b') + "\r\n";
  CHECK(chunked_status("0\r\n" + large) == 431);
}

}  // namespace weir::server
