#include "weir/transfer/plan.hpp"

#include <algorithm>

#include "weir/core/units.hpp"

namespace weir {
namespace {

// Parts of a MiB or more are whole MiB: easier to read, and aligned for every disk.
std::uint64_t round_up(std::uint64_t bytes) noexcept {
  return bytes <= kMiB ? bytes : (bytes + kMiB - 1) / kMiB * kMiB;
}
std::uint64_t round_down(std::uint64_t bytes) noexcept { return bytes < kMiB ? bytes : bytes / kMiB * kMiB; }
std::uint64_t divide_up(std::uint64_t a, std::uint64_t b) noexcept { return a / b + (a % b != 0 ? 1 : 0); }

/// Exact, in the largest unit in which it is a whole number: it may be typed again.
std::string sized(std::uint64_t bytes) {
  constexpr std::uint64_t kGiB = 1024 * kMiB;
  constexpr std::uint64_t kMB = 1'000'000;
  if (bytes >= 10 * kGiB && bytes % kGiB == 0) return fmt::format("{} GiB", bytes / kGiB);
  if (bytes >= kMiB && bytes % kMiB == 0) return fmt::format("{} MiB", bytes / kMiB);
  return bytes >= kMB && bytes % kMB == 0 ? fmt::format("{} MB", bytes / kMB) : format_exact_size(bytes);
}

/// "generic" alone says nothing to who did not choose it.
std::string profile_of(const Profile& profile) { return fmt::format("the store's profile, \"{}\",", profile.name); }

std::uint64_t tenth_of_parts(const UploadPlan& plan) noexcept {
  return std::max<std::uint64_t>(plan.preferred_parts / 10, 1);
}

/// How many parts in a row, from `offset` on, have the `length` that part_length(offset) gave.
std::uint64_t parts_of_length(const UploadPlan& plan, std::uint64_t length, std::uint64_t offset) noexcept {
  if (length == plan.largest_part_bytes) return UINT64_MAX;
  return (tenth_of_parts(plan) * round_down(length) - offset) / length + 1;
}

/// Parts of one length are counted at once: a store may allow billions of them.
std::uint64_t capacity_of(const UploadPlan& plan, const Profile& profile) noexcept {
  const std::uint64_t most = profile.max_object_bytes;
  std::uint64_t capacity = 0;
  for (std::uint64_t left = plan.max_parts; left > 0 && capacity < most;) {
    const std::uint64_t length = plan.part_length(capacity);
    const std::uint64_t same = std::min(left, parts_of_length(plan, length, capacity));
    if (same >= divide_up(most - capacity, length)) return most;
    capacity += same * length;
    left -= same;
  }
  return capacity;
}

Status check_object(const Profile& profile, const PlanRequest& request) {
  if (!request.exact_bytes || *request.exact_bytes <= profile.max_object_bytes) return {};
  return Status(Kind::limit,
                fmt::format("the object has {} and the largest that {} allows is {}", sized(*request.exact_bytes),
                            profile_of(profile), sized(profile.max_object_bytes)));
}

Status check_part_size(const Profile& profile, const PlanRequest& request) {
  const std::uint64_t part = request.part_bytes;
  const auto refuse = [&](std::string cause, std::string advice) {
    return Status(Kind::invalid_argument, std::move(cause)).advise(std::move(advice));
  };
  if (part < profile.min_part_bytes) {
    return refuse(fmt::format("parts of {} are smaller than {} allows", sized(part), profile_of(profile)),
                  fmt::format("The smallest part size is {}.", sized(profile.min_part_bytes)));
  }
  if (part > profile.max_part_bytes) {
    return refuse(fmt::format("parts of {} are larger than {} allows", sized(part), profile_of(profile)),
                  fmt::format("The largest part size is {}.", sized(profile.max_part_bytes)));
  }
  if (request.exact_bytes && divide_up(*request.exact_bytes, part) > profile.max_parts) {
    return refuse(fmt::format("an object of {} does not fit into {} parts of {}", sized(*request.exact_bytes),
                              profile.max_parts, sized(part)),
                  fmt::format("The smallest part size that it fits is {}.",
                              sized(smallest_part_bytes(profile, *request.exact_bytes))));
  }
  return {};
}

/// The most that one part may have in memory; UINT64_MAX where parts are not held.
Result<std::uint64_t> room_for(const PlanRequest& request, std::uint64_t part_bytes) {
  if (!request.memory_bytes) return UINT64_MAX;
  const std::uint64_t least = request.exact_bytes ? std::min(part_bytes, *request.exact_bytes) : part_bytes;
  if (*request.memory_bytes >= least + kSliceBytes) return *request.memory_bytes - kSliceBytes;
  Error error;
  error.kind = Kind::budget_too_small;
  error.needed_bytes = least + kSliceBytes;
  error.cause = fmt::format("one part of {} does not fit into the {} of memory for the upload", sized(part_bytes),
                            format_size(*request.memory_bytes));
  error.advice = fmt::format("Give it a budget with at least {} for the upload.", sized(round_up(error.needed_bytes)));
  return Status(std::move(error));
}

std::uint32_t preferred_parts(const Profile& profile) noexcept {
  return std::min(profile.preferred_parts, profile.max_parts);
}

/// The smallest part size with which the object fits into as many parts as the store prefers.
std::uint64_t preferred_part_bytes(const Profile& profile, std::uint64_t object_bytes) noexcept {
  const std::uint64_t fits = round_up(divide_up(object_bytes, preferred_parts(profile)));
  return std::max(smallest_part_bytes(profile, object_bytes), std::min(fits, profile.max_part_bytes));
}

/// A known length: equal parts, as large as the store prefers and memory lets several be under way. Where that would
/// be too many parts, two under way must do.
std::uint64_t part_for_known(const Profile& profile, const PlanRequest& request, std::uint64_t least,
                             std::uint64_t room) {
  const std::uint64_t few = request.exact_bytes ? preferred_part_bytes(profile, *request.exact_bytes) : 0;
  const std::uint64_t preferred = std::max({profile.preferred_part_bytes, least, few});
  if (!request.memory_bytes) return preferred;
  const std::uint64_t shares = few > profile.preferred_part_bytes ? 3 : request.concurrency + 1;
  return std::clamp(round_down(room / shares), least, preferred);
}

/// An unknown length. Where all parts must be equal, larger parts mean a larger object: two under way must do; and
/// where the number of parts is only a preference, parts do not grow beyond that.
UploadPlan plan_unknown(const Profile& profile, const PlanRequest& request, std::uint64_t room) {
  const bool prefers = preferred_parts(profile) < profile.max_parts && request.memory_bytes;
  const std::uint64_t most = std::min(round_down(prefers ? room / 3 : room), profile.max_part_bytes);
  UploadPlan plan;
  plan.part_bytes = part_for_known(profile, request, profile.min_part_bytes, room);
  if (profile.equal_parts && request.memory_bytes) {
    plan.part_bytes = std::max(plan.part_bytes, std::min(round_down(room / 3), most));
  }
  plan.largest_part_bytes = profile.equal_parts ? plan.part_bytes : std::max(plan.part_bytes, most);
  if (!request.max_bytes) return plan;
  const std::uint64_t bounded = preferred_part_bytes(profile, *request.max_bytes);
  if (bounded <= most) {
    plan.part_bytes = plan.largest_part_bytes = std::max(plan.part_bytes, bounded);
  } else if (profile.equal_parts) {
    plan.part_bytes = plan.largest_part_bytes = std::max(plan.part_bytes, most);
  }
  return plan;
}

}  // namespace

std::uint64_t UploadPlan::part_length(std::uint64_t offset) const noexcept {
  if (!grows()) return part_bytes;
  // A tenth more parts' worth with each tenth of the parts: p = sent / 1000 where 10,000 parts are allowed.
  return std::clamp(round_up(divide_up(offset, tenth_of_parts(*this))), part_bytes, largest_part_bytes);
}

std::uint64_t smallest_part_bytes(const Profile& profile, std::uint64_t object_bytes) noexcept {
  const std::uint64_t fits = divide_up(object_bytes, profile.max_parts);
  return std::max(std::min(round_up(fits), std::max(fits, profile.max_part_bytes)), profile.min_part_bytes);
}

Result<UploadPlan> plan_upload(const Profile& profile, const PlanRequest& request) {
  WEIR_TRY(check_object(profile, request));
  if (request.part_bytes != 0) WEIR_TRY(check_part_size(profile, request));
  const std::uint64_t least = request.part_bytes != 0 ? request.part_bytes
                              : request.exact_bytes   ? smallest_part_bytes(profile, *request.exact_bytes)
                                                      : profile.min_part_bytes;
  WEIR_ASSIGN(const std::uint64_t room, room_for(request, least));
  UploadPlan plan;
  if (request.part_bytes != 0) {
    plan.part_bytes = plan.largest_part_bytes = request.part_bytes;
  } else if (request.exact_bytes) {
    plan.part_bytes = plan.largest_part_bytes =
        std::min(part_for_known(profile, request, least, room), std::max(least, profile.max_part_bytes));
  } else {
    plan = plan_unknown(profile, request, room);
  }
  plan.max_parts = profile.max_parts;
  plan.preferred_parts = preferred_parts(profile);
  plan.capacity_bytes = capacity_of(plan, profile);
  return plan;
}

}  // namespace weir
