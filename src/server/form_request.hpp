// multipart/form-data as uploads: each file of the form becomes one while it arrives; its fields come back in the
// answer.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/alive.hpp"
#include "server/exchange.hpp"
#include "server/form_reader.hpp"
#include "server/places.hpp"
#include "server/uploads.hpp"

namespace weir::server {

class FormRequest final : public Handler, private Alive {
 public:
  /// Null where the request is no form, or one that cannot be read: it is answered then.
  static std::unique_ptr<Handler> begin(const Request& request, Exchange& exchange, std::shared_ptr<Uploads> uploads,
                                        const Places& places);
  FormRequest(std::string boundary, const Request& request, Exchange& exchange, std::shared_ptr<Uploads> uploads,
              const Places& places);
  ~FormRequest() override;
  FormRequest(const FormRequest&) = delete;
  FormRequest& operator=(const FormRequest&) = delete;

  bool ready() const override;
  void content(Chunk bytes) override;
  void content_end(const ChunkedReader& trailers) override;

 private:
  struct Part {
    FormPart head;
    std::shared_ptr<Upload> upload;  // of a file
    std::string value;               // of a field
  };
  void read();
  void begin_part();
  void take(const Chunk& bytes);
  void end_part();
  void settle();
  void refuse(int status, std::string why);
  void answer();

  const std::string owner_;
  Exchange& exchange_;
  const std::shared_ptr<Uploads> uploads_;
  const Places& places_;
  FormReader reader_;
  Chunk unread_;
  std::vector<Part> parts_;
  std::shared_ptr<Appending> appending_;  // to the last part's upload
  std::uint64_t field_bytes_ = 0;
  bool waits_ = false;  // for an upload to be made, or to last
  bool ended_ = false;
  bool answered_ = false;
};

}  // namespace weir::server
