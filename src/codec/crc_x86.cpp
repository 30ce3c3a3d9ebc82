// CRCs by carry-less multiplication: PCLMULQDQ on 64 bytes a step, VPCLMULQDQ on 256.
//
// Both fold: a block that lies D bits before another is multiplied by x^D mod P and added to it, so the message
// shrinks without changing its remainder. What is left (16 bytes, then a tail) goes through the tables.
// In a reflected register the product of two 64-bit halves comes out one bit low, hence the exponents D - 1.
#include "codec/crc.hpp"

#if defined(__x86_64__)
#include <immintrin.h>

namespace weir::codec {
namespace {

#define WEIR_CLMUL __attribute__((target("pclmul,sse4.1")))
#define WEIR_VPCLMUL __attribute__((target("pclmul,sse4.1,avx512f,vpclmulqdq")))

/// x^exponent mod P where a 64-bit half of a register wants it.
template <class C>
constexpr std::uint64_t half(std::uint64_t exponent) {
  return static_cast<std::uint64_t>(C::x_to(exponent)) << (64 - C::kWidth);
}
/// Moves a 16-byte block `kBits` on: `first` for its first eight bytes (the higher powers), `second` for the others.
template <class C, int kBits>
struct Fold {
  static constexpr auto kFirst = static_cast<long long>(half<C>(kBits + 64 - 1));
  static constexpr auto kSecond = static_cast<long long>(half<C>(kBits - 1));
};

WEIR_CLMUL inline __m128i load(const std::byte* from) noexcept {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
}
WEIR_CLMUL inline __m128i fold(__m128i block, __m128i constants, __m128i onto) noexcept {
  const __m128i first = _mm_clmulepi64_si128(block, constants, 0x00);
  const __m128i second = _mm_clmulepi64_si128(block, constants, 0x11);
  return _mm_xor_si128(_mm_xor_si128(first, second), onto);
}

/// Folds whole blocks of [data, data + size) onto `block`, then lets the tables finish.
template <class C>
WEIR_CLMUL typename C::State finish(__m128i block, const std::byte* data, std::size_t size) noexcept {
  const __m128i by_one = _mm_set_epi64x(Fold<C, 128>::kSecond, Fold<C, 128>::kFirst);
  for (; size >= 16; data += 16, size -= 16) block = fold(block, by_one, load(data));
  alignas(16) std::byte last[16];
  _mm_store_si128(reinterpret_cast<__m128i*>(last), block);
  return C::update_portable(C::update_portable(0, last, sizeof last), data, size);
}

template <class C>
WEIR_CLMUL typename C::State update_clmul(typename C::State state, const std::byte* data, std::size_t size) noexcept {
  if (size < 64) return C::update_portable(state, data, size);
  __m128i a = _mm_xor_si128(load(data), _mm_set_epi64x(0, static_cast<long long>(state)));
  __m128i b = load(data + 16);
  __m128i c = load(data + 32);
  __m128i d = load(data + 48);
  const __m128i by_four = _mm_set_epi64x(Fold<C, 512>::kSecond, Fold<C, 512>::kFirst);
  for (data += 64, size -= 64; size >= 64; data += 64, size -= 64) {
    a = fold(a, by_four, load(data));
    b = fold(b, by_four, load(data + 16));
    c = fold(c, by_four, load(data + 32));
    d = fold(d, by_four, load(data + 48));
  }
  const __m128i by_one = _mm_set_epi64x(Fold<C, 128>::kSecond, Fold<C, 128>::kFirst);
  return finish<C>(fold(fold(fold(a, by_one, b), by_one, c), by_one, d), data, size);
}

WEIR_VPCLMUL inline __m512i load_wide(const std::byte* from) noexcept { return _mm512_loadu_si512(from); }
template <class C, int kBits>
WEIR_VPCLMUL inline __m512i wide() noexcept {
  constexpr auto kFirst = Fold<C, kBits>::kFirst;
  constexpr auto kSecond = Fold<C, kBits>::kSecond;
  return _mm512_set_epi64(kSecond, kFirst, kSecond, kFirst, kSecond, kFirst, kSecond, kFirst);
}
WEIR_VPCLMUL inline __m512i fold_wide(__m512i blocks, __m512i constants, __m512i onto) noexcept {
  const __m512i first = _mm512_clmulepi64_epi128(blocks, constants, 0x00);
  const __m512i second = _mm512_clmulepi64_epi128(blocks, constants, 0x11);
  return _mm512_ternarylogic_epi64(first, second, onto, 0x96);  // a ^ b ^ c
}

template <class C>
WEIR_VPCLMUL typename C::State update_vpclmul(typename C::State state, const std::byte* data,
                                              std::size_t size) noexcept {
  if (size < 512) return update_clmul<C>(state, data, size);
  __m512i a = _mm512_xor_si512(load_wide(data), _mm512_set_epi64(0, 0, 0, 0, 0, 0, 0, static_cast<long long>(state)));
  __m512i b = load_wide(data + 64);
  __m512i c = load_wide(data + 128);
  __m512i d = load_wide(data + 192);
  const __m512i by_sixteen = wide<C, 2048>();
  for (data += 256, size -= 256; size >= 256; data += 256, size -= 256) {
    a = fold_wide(a, by_sixteen, load_wide(data));
    b = fold_wide(b, by_sixteen, load_wide(data + 64));
    c = fold_wide(c, by_sixteen, load_wide(data + 128));
    d = fold_wide(d, by_sixteen, load_wide(data + 192));
  }
  const __m512i by_four = wide<C, 512>();
  alignas(64) std::byte left[64];
  _mm512_store_si512(left, fold_wide(fold_wide(fold_wide(a, by_four, b), by_four, c), by_four, d));
  const __m128i by_one = _mm_set_epi64x(Fold<C, 128>::kSecond, Fold<C, 128>::kFirst);
  __m128i block = load(left);
  for (std::size_t at = 16; at < 64; at += 16) block = fold(block, by_one, load(left + at));
  return finish<C>(block, data, size);
}

}  // namespace

bool clmul_usable() noexcept { return __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1"); }
bool vpclmul_usable() noexcept {
  return clmul_usable() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("vpclmulqdq");
}
std::uint64_t crc64nvme_clmul(std::uint64_t state, const std::byte* data, std::size_t size) noexcept {
  return update_clmul<Crc64Nvme>(state, data, size);
}
std::uint32_t crc32c_clmul(std::uint32_t state, const std::byte* data, std::size_t size) noexcept {
  return update_clmul<Crc32c>(state, data, size);
}
std::uint64_t crc64nvme_vpclmul(std::uint64_t state, const std::byte* data, std::size_t size) noexcept {
  return update_vpclmul<Crc64Nvme>(state, data, size);
}
std::uint32_t crc32c_vpclmul(std::uint32_t state, const std::byte* data, std::size_t size) noexcept {
  return update_vpclmul<Crc32c>(state, data, size);
}

}  // namespace weir::codec
#endif
