#include "server/form_reader.hpp"

#include <catch2/catch.hpp>
#include <vector>

namespace weir::server {
namespace {

struct Part {
  std::string name, filename, type, content;
  bool operator==(const Part&) const = default;
};

struct Form {
  std::vector<Part> parts;
  int status = 0;  // of a refusal
  bool ended = false;
};

Form read_form(std::string_view text, std::size_t piece, std::string_view boundary = "xyz", FormLimits limits = {}) {
  Form form;
  FormReader reader(boundary, limits);
  bool inside = false;
  for (std::size_t at = 0; at < text.size();) {
    FormReader::Step step;
    if (const auto refused = reader.take(text.substr(at, piece), step)) {
      form.status = refused->status;
      return form;
    }
    REQUIRE((step.taken > 0 || step.event != FormReader::Event::none));
    at += step.taken;
    switch (step.event) {
      case FormReader::Event::part:
        CHECK_FALSE(inside);
        inside = true;
        form.parts.push_back(
            {reader.part().name, reader.part().filename.value_or("-"), reader.part().content_type, ""});
        break;
      case FormReader::Event::content:
        REQUIRE(inside);
        form.parts.back().content += step.content;
        break;
      case FormReader::Event::part_end:
        CHECK(inside);
        inside = false;
        break;
      case FormReader::Event::end:
        form.ended = true;
        break;
      case FormReader::Event::none:
        break;
    }
  }
  CHECK(form.ended == reader.done());
  return form;
}

std::string part(const std::string& head, const std::string& content) {
  return "--xyz\r\n" + head + "\r\n\r\n" + content + "\r\n";
}
const std::string kField = "Content-Disposition: form-data; name=\"a\"";

}  // namespace

TEST_CASE("fields and files come out of a form in pieces of any size, whatever they contain") {
  const std::string tricky = "\r\n--xy\r\n--xyx\r\r\n-\r\n--xy\r\n--\r\n\r\n\r\n--xY z\r";
  const std::string text = "a preamble\r\n--xy is none\r\n" + part(kField, "") +
                           part(
                               "content-disposition:form-data;name=b;filename=\"C:\\x\\\xc3\xbc "
                               "\\\"%22.txt\"\r\nContent-Type: text/plain; charset=x",
                               tricky) +
                           part("X-Other: 1\r\nContent-Disposition: form-data; filename=\"\"; name=\"a b;=\"", "last") +
                           "--xyz--\r\nepilogue --xyz\r\n";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    const Form form = read_form(text, piece);
    CHECK((form.status == 0 && form.ended));
    CHECK(form.parts == std::vector<Part>{{"a", "-", "", ""},
                                          {"b", "C:\\x\\\xc3\xbc \"%22.txt", "text/plain; charset=x", tricky},
                                          {"a b;=", "", "", "last"}});
  }
}

TEST_CASE("a form that is cut off has no end") {
  const std::string text = part(kField, "data") + "--xyz--";
  for (std::size_t size = 0; size < text.size(); ++size) {
    const Form form = read_form(std::string_view(text).substr(0, size), 7);
    CHECK((form.status == 0 && !form.ended));
  }
  CHECK(read_form(text, 7).ended);
}

TEST_CASE("a form that is malformed is refused") {
  for (const std::string wrong :
       {"--xyz \r\n", "--xyzz\r\n", "--xyz\n", "--xyz-x", "--xyz\r\nA: b\n", "--xyz\r\nA\r\n\r\n", "--xyz\r\n\r\n",
        "--xyz\r\nContent-Type: a/b\r\n\r\n", "--xyz\r\nContent-Disposition: form-data\r\n\r\n",
        "--xyz\r\nContent-Disposition: attachment; name=a\r\n\r\n",
        "--xyz\r\nContent-Disposition: form-data; name=\"a\r\n\r\n",
        "--xyz\r\nContent-Disposition: form-data; name=a; name=b\r\n\r\n",
        "--xyz\r\nContent-Disposition: form-data; name=\"a\" b\r\n\r\n",
        "--xyz\r\nContent-Disposition: form-data; name\r\n\r\n"}) {
    INFO(wrong);
    CHECK(read_form(wrong, wrong.size()).status == 400);
  }
  CHECK(read_form("--xyz\r\n" + kField + "\r\n" + kField + "\r\n\r\n", 100).status == 400);
  CHECK(read_form("--xyz\r\n" + kField + "\r\nContent-Transfer-Encoding: base64\r\n\r\n", 200).status == 400);
}

TEST_CASE("forms have bounded heads, and bounded numbers of parts") {
  const FormLimits limits{.parts = 3, .head_bytes = 100};
  std::string many;
  for (int i = 0; i < 3; ++i) many += part(kField, "x");
  CHECK(read_form(many + "--xyz--", 50, "xyz", limits).ended);
  CHECK(read_form(many + part(kField, "x"), 50, "xyz", limits).status == 413);
  CHECK(read_form("--xyz\r\nA: " + std::string(200, 'a'), 50, "xyz", limits).status == 431);
}

TEST_CASE("a boundary is what RFC 2046 lets it be") {
  CHECK(FormReader::boundary_of("multipart/form-data; boundary=----WebKitFormBoundaryABC") ==
        "----WebKitFormBoundaryABC");
  CHECK(FormReader::boundary_of("Multipart/Form-Data; charset=utf-8; BOUNDARY=\"a b:c\"") == "a b:c");
  for (const std::string& wrong :
       {std::string("multipart/form-data"), std::string("multipart/mixed; boundary=a"),
        std::string("multipart/form-data; boundary="), std::string("multipart/form-data; boundary=\"a \""),
        "multipart/form-data; boundary=" + std::string(71, 'a'),
        std::string("multipart/form-data; boundary=a; boundary=b"), std::string("multipart/form-data; boundary=\"a\"b"),
        std::string("multipart/form-data; boundary=\"a\\r\"")})
    CHECK_FALSE(FormReader::boundary_of(wrong));
}

}  // namespace weir::server
