// What an HTTP answer says of the hash of the whole object: Repr-Digest, Content-Digest (RFC 9530), Content-MD5.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/http.hpp"
#include "weir/store/origin.hpp"

namespace weir::http {

/// What the body is of the answer that tells.
enum class Carries : std::uint8_t { nothing, part, whole };

/// The hashes of the whole that are understood, the one to compare with first: SHA-256, SHA-512, MD5. What cannot be
/// read is ignored, and so are algorithms that prove too little.
///
/// Repr-Digest is of the whole, whatever the body is. Content-Digest and Content-MD5 are of the body: of an answer to
/// HEAD only Content-MD5 is believed (RFC 2616 section 14.15). No hash of nothing is believed where nothing came: some
/// take it of the body that HEAD does not have. Pure, thread-safe.
std::vector<ToldDigest> told_digests(const net::Response& head, Carries carries);

/// Adds `more` to `known`, and keeps their order. false: one of them is another than was told before.
bool add_digests(std::vector<ToldDigest>& known, const std::vector<ToldDigest>& more);

/// The members of a dictionary (RFC 8941 section 3.2) that are byte sequences, decoded; nothing where it is none.
std::optional<std::vector<std::pair<std::string, std::string>>> byte_members(std::string_view dictionary);

}  // namespace weir::http
