// Structs that grew: a host has any of the sizes that were released, or a later one.
#include "abi/structs.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "abi/owned.hpp"

namespace weir::abi {
namespace {

/// Has had two sizes.
struct Grown {
  std::uint32_t struct_size;
  std::uint32_t reserved;
  void* owned;
  // 16, the first release
  std::uint64_t second;
  // 24
  std::uint64_t third;
};
static_assert(sizeof(Grown) == 32);

/// As a host of another version has it.
struct Given {
  Grown known;
  std::uint64_t newer[4];
};

Given given_of(std::uint32_t size) {
  Given given;
  std::memset(&given, 0xee, sizeof given);
  weir_init(&given, size);
  return given;
}

}  // namespace

template <>
struct StructSizes<Grown> {
  static constexpr std::uint32_t kReleased[] = {16, 24, 32};
};

namespace {

TEST_CASE("options of an older program leave what it does not know at its default") {
  for (const std::uint32_t size : {16u, 24u, 32u, 40u, 64u}) {
    CAPTURE(size);
    Given given = given_of(size);
    if (size >= 24) given.known.second = 2;
    if (size >= 32) given.known.third = 3;
    Grown read;
    REQUIRE(read_struct(&given.known, "grown", read).ok());
    CHECK(read.struct_size == sizeof read);
    CHECK(read.second == (size >= 24 ? 2 : 0));
    CHECK(read.third == (size >= 32 ? 3 : 0));
  }
}

TEST_CASE("a size that no version has is refused") {
  for (const std::uint32_t size :
       {0u, 3u, 4u, 8u, 12u, 15u, 17u, 20u, 23u, 28u, 31u, 33u, 36u, 4097u, 4104u, UINT32_MAX}) {
    CAPTURE(size);
    Given given = given_of(sizeof given);
    given.known.struct_size = size;
    Grown read;
    CHECK(read_struct(&given.known, "grown", read).code == WEIR_E_VERSION);
    CHECK(check_result(&given.known, "grown").code == WEIR_E_VERSION);
    clear_result(&given.known);  // is left alone
    CHECK(given.known.struct_size == size);
  }
}

TEST_CASE("what is set behind the known fields, or is reserved, is refused") {
  Grown read;
  Given given = given_of(sizeof given);
  given.newer[3] = 1;
  CHECK(read_struct(&given.known, "grown", read).code == WEIR_E_VERSION);
  given = given_of(16);
  given.known.reserved = 1;
  CHECK(read_struct(&given.known, "grown", read).code == WEIR_E_VERSION);
}

TEST_CASE("a result is filled as far as the host's version goes, and cleared so") {
  for (const std::uint32_t size : {16u, 24u, 32u, 40u, 64u}) {
    CAPTURE(size);
    Given given = given_of(size);
    REQUIRE(check_result(&given.known, "grown").ok());
    if (size > 32) std::memset(&given.newer, 0xee, size - 32);
    auto owned = std::make_unique<Owned>();
    Grown full{sizeof full, 0, nullptr, 2, 3};
    full.owned = owned.release();  // what leaks is told by the sanitizer
    write_result(&given.known, full);
    CHECK(given.known.struct_size == size);
    CHECK(given.known.owned == full.owned);
    CHECK(given.known.second == (size >= 24 ? 2 : 0xeeeeeeeeeeeeeeee));
    CHECK(given.known.third == (size >= 32 ? 3 : 0xeeeeeeeeeeeeeeee));
    for (std::size_t i = 0; i < 4; ++i) CHECK(given.newer[i] == (size > 32 + 8 * i ? 0 : 0xeeeeeeeeeeeeeeee));
    clear_result(&given.known);
    CHECK(given.known.struct_size == size);
    CHECK(given.known.owned == nullptr);
    CHECK(given.known.second == (size >= 24 ? 0 : 0xeeeeeeeeeeeeeeee));
  }
}

TEST_CASE("each struct of the header has the size that is written down as its last") {
  CHECK(may_be_size<weir_error>(sizeof(weir_error)));
  CHECK(may_be_size<weir_error>(sizeof(weir_error) + 8));
  CHECK_FALSE(may_be_size<weir_error>(sizeof(weir_error) - 8));
}

}  // namespace
}  // namespace weir::abi
