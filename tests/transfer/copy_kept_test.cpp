#include "transfer/copy_kept.hpp"

#include <catch2/catch.hpp>

using weir::transfer::ascii_disposition;

TEST_CASE("A file name in a Content-Disposition that is not ASCII is written as RFC 8187 says") {
  CHECK(ascii_disposition("inline; filename=\"größe.txt\"") == "inline; filename*=UTF-8''gr%C3%B6%C3%9Fe.txt");
  CHECK(ascii_disposition("inline; filename=\"ü \\\"x\\\".txt\"; a=b") ==
        "inline; filename*=UTF-8''%C3%BC%20%22x%22.txt; a=b");
  for (const char* const same : {"", "inline", "inline; filename=\"a b.txt\"", "inline; filename=\"ü", "größe"}) {
    CHECK(ascii_disposition(same) == same);
  }
}
