// weir::core by itself: headers, threads and fmt, nothing to link of weir's own.
#include "weir/core/pipeline.hpp"
#include "weir/core/status.hpp"

int main() {
  const weir::Result<int> answer = 42;
  return answer.ok() && *answer == 42 ? 0 : 1;
}
