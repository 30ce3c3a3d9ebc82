#include <catch2/catch.hpp>

#include "weir/transfer/plan.hpp"

using weir::Kind;
using weir::kMiB;
using weir::kSliceBytes;
using weir::plan_upload;
using weir::PlanRequest;
using weir::Profile;
using weir::UploadPlan;

namespace {

constexpr std::uint64_t kTiB = 1024ull * 1024 * kMiB;

Profile equal_parts() {
  Profile profile;
  profile.name = "equal";
  profile.equal_parts = true;
  return profile;
}
Profile aws() {
  Profile profile;
  profile.name = "aws";
  return profile;
}
PlanRequest known(std::uint64_t bytes) { return {bytes, {}, 0, 4, {}}; }

UploadPlan planned(const Profile& profile, const PlanRequest& request) {
  const auto plan = plan_upload(profile, request);
  INFO(plan.status().message());
  REQUIRE(plan.ok());
  return *plan;
}

/// How the plan cuts `bytes`: number of parts. Checks each against the profile.
std::uint64_t cut(const UploadPlan& plan, const Profile& profile, std::uint64_t bytes) {
  std::uint64_t parts = 0;
  for (std::uint64_t offset = 0; offset < bytes; ++parts) {
    const std::uint64_t length = plan.part_length(offset);
    REQUIRE(length >= profile.min_part_bytes);
    REQUIRE(length <= profile.max_part_bytes);
    offset += length;
  }
  return parts;
}

}  // namespace

TEST_CASE("a known length is cut into equal parts of the preferred size, larger only where 10,000 would not do") {
  const std::uint64_t part = 8 * kMiB;
  for (const auto& [bytes, parts] : {std::pair<std::uint64_t, std::uint64_t>(0, 0),
                                     {1, 1},
                                     {part - 1, 1},
                                     {part, 1},
                                     {part + 1, 2},
                                     {10'000 * part, 10'000},
                                     {10'000 * part + 1, 8889}}) {
    CAPTURE(bytes);
    const UploadPlan plan = planned(aws(), known(bytes));
    CHECK_FALSE(plan.grows());
    CHECK(cut(plan, aws(), bytes) == parts);
  }
  CHECK(planned(aws(), known(10'000 * part + 1)).part_bytes == 9 * kMiB);
  CHECK(planned(aws(), known(5 * kTiB)).part_bytes == 525 * kMiB);
  CHECK(planned(aws(), known(aws().max_object_bytes)).part_bytes == aws().max_part_bytes);
  CHECK(plan_upload(aws(), known(aws().max_object_bytes + 1)).status().kind() == Kind::limit);
}

TEST_CASE("the user's part size is kept, or refused with the one that works") {
  PlanRequest request = known(100'000 * kMiB);
  request.part_bytes = 10 * kMiB;
  CHECK(planned(aws(), request).part_bytes == 10 * kMiB);
  request.part_bytes = 9 * kMiB;
  auto refused = plan_upload(aws(), request).status();
  CHECK(refused.kind() == Kind::invalid_argument);
  CHECK(refused.message().find("The smallest part size that it fits is 10 MiB.") != std::string::npos);
  request.part_bytes = 5 * kMiB - 1;
  CHECK(plan_upload(aws(), request).status().message().find("The smallest part size is 5 MiB.") != std::string::npos);
  CHECK(plan_upload(aws(), request).error().cause.find("smaller than the store's profile, \"") != std::string::npos);
  request.part_bytes = 5120 * kMiB + 1;
  CHECK(plan_upload(aws(), request).status().message().find("The largest part size is 5120 MiB.") != std::string::npos);
}

TEST_CASE("parts that are held fit the memory with one to spare, and what cannot fit says what would") {
  PlanRequest request = known(1024 * kMiB);
  request.memory_bytes = 5 * 6 * kMiB + kSliceBytes;
  CHECK(planned(aws(), request).part_bytes == 6 * kMiB);
  request.memory_bytes = 5 * kMiB + kSliceBytes;
  CHECK(planned(aws(), request).part_bytes == 5 * kMiB);
  request.memory_bytes = 5 * kMiB;
  auto refused = plan_upload(aws(), request).status();
  CHECK(refused.kind() == Kind::budget_too_small);
  CHECK(refused.error().needed_bytes == 5 * kMiB + kSliceBytes);
  request.memory_bytes = refused.error().needed_bytes;
  CHECK(plan_upload(aws(), request).ok());
  request = known(kTiB);
  request.memory_bytes = 64 * kMiB;
  refused = plan_upload(aws(), request).status();
  CHECK(refused.error().needed_bytes == 105 * kMiB + kSliceBytes);
  request = known(1000);  // a small object needs little
  request.memory_bytes = 1000 + kSliceBytes;
  CHECK(plan_upload(aws(), request).ok());
}

TEST_CASE("an unknown length grows its parts where the store allows it, as far as memory goes") {
  PlanRequest request;
  const UploadPlan free = planned(aws(), request);
  CHECK(free.part_bytes == 8 * kMiB);
  CHECK(free.capacity_bytes >= 5 * kTiB);
  CHECK(cut(free, aws(), 5 * kTiB) <= 10'000);
  CHECK(free.part_length(kTiB) == 1049 * kMiB);

  request.memory_bytes = 40 * kMiB + kSliceBytes;
  const UploadPlan held = planned(aws(), request);
  CHECK(held.part_bytes == 8 * kMiB);
  CHECK(held.largest_part_bytes == 40 * kMiB);
  CHECK(held.capacity_bytes > 300ull * 1024 * kMiB);
  CHECK(cut(held, aws(), held.capacity_bytes) == 10'000);
  CHECK(cut(held, aws(), held.capacity_bytes + 1) == 10'001);
}

TEST_CASE("an unknown length in equal parts has a fixed capacity, and an upper bound sizes the parts for it") {
  PlanRequest request;
  CHECK(planned(equal_parts(), request).capacity_bytes == 80'000 * kMiB);
  request.memory_bytes = 40 * kMiB + kSliceBytes;
  const UploadPlan held = planned(equal_parts(), request);
  CHECK_FALSE(held.grows());
  CHECK(held.part_bytes == 13 * kMiB);
  request.max_bytes = 200'000 * kMiB;
  CHECK(planned(equal_parts(), request).part_bytes == 20 * kMiB);
  CHECK(planned(aws(), request).capacity_bytes >= 200'000 * kMiB);
  request.max_bytes = 10 * kTiB;  // cannot fit: as much as memory allows
  CHECK(planned(equal_parts(), request).capacity_bytes == 400'000 * kMiB);
}

TEST_CASE("the capacity of a growing plan is what its parts add up to, and is told at once for billions of parts") {
  for (const std::uint64_t memory : {20 * kMiB, 64 * kMiB, 1024 * kMiB}) {
    const UploadPlan plan = planned(aws(), {{}, {}, 0, 4, memory});
    REQUIRE(plan.grows());
    std::uint64_t sum = 0;
    for (std::uint32_t i = 0; i < plan.max_parts && sum < aws().max_object_bytes; ++i) sum += plan.part_length(sum);
    CHECK(plan.capacity_bytes == std::min(sum, aws().max_object_bytes));
  }
  Profile boundless = aws();
  boundless.max_parts = UINT32_MAX;
  boundless.max_object_bytes = INT64_MAX;
  CHECK(planned(boundless, {{}, {}, 0, 4, 64 * kMiB}).capacity_bytes > (1ull << 55));
}

TEST_CASE("where any number of parts is allowed there are still about 10,000, or as many as memory makes it") {
  Profile local = aws();
  local.name = "local";
  local.min_part_bytes = kMiB;
  local.preferred_part_bytes = 4 * kMiB;
  local.max_part_bytes = local.max_object_bytes = INT64_MAX;
  local.max_parts = UINT32_MAX;
  CHECK(planned(local, known(1024 * kMiB)).part_bytes == 4 * kMiB);
  CHECK(cut(planned(local, known(10 * kTiB)), local, 10 * kTiB) <= 10'000);
  CHECK(planned(local, known(INT64_MAX)).capacity_bytes == INT64_MAX);

  PlanRequest held = known(kTiB);
  held.memory_bytes = 64 * kMiB;
  CHECK(planned(local, held).part_bytes == 21 * kMiB);
  held.exact_bytes = 1024 * kMiB;
  CHECK(planned(local, held).part_bytes == 4 * kMiB);

  held.exact_bytes.reset();
  const UploadPlan unknown = planned(local, held);
  CHECK(unknown.part_bytes == 4 * kMiB);
  CHECK(unknown.largest_part_bytes == 21 * kMiB);
  CHECK(unknown.capacity_bytes >= 1000 * kTiB);
  CHECK(cut(unknown, local, kTiB) < 55'000);
  held.max_bytes = 100'000 * kMiB;
  CHECK(planned(local, held).part_bytes == 10 * kMiB);
  held.max_bytes = kTiB;  // would be 105 MiB
  CHECK(planned(local, held).largest_part_bytes == 21 * kMiB);
  held.memory_bytes.reset();
  CHECK(cut(planned(local, held), local, kTiB) <= 10'000);
}
