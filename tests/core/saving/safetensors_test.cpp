// SPDX-License-Identifier: MIT
// Files that are damaged, and files that are meant to do harm.
#include <kindling/core/safetensors.h>
#include <kindling/kindling.h>

#include "tests/support/counting_cpu.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_folder.h"

#include <gtest/gtest.h>

#include <string>

namespace kindling::test {
namespace {

std::string file_with(const std::string& header, std::size_t data_bytes) {
  std::string length(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) length[i] = static_cast<char>(header.size() >> (8 * i));
  return length + header + std::string(data_bytes, '\0');
}

std::string entry(const std::string& name, const std::string& dtype, const std::string& shape,
                  const std::string& offsets) {
  return "\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape +
         ",\"data_offsets\":" + offsets + "}";
}

class Damaged : public testing::Test {
 protected:
  /// Loading it is a FileError, names the file, and changes nothing.
  void expect_refused(const std::string& bytes, const std::string& why) {
    SCOPED_TRACE(bytes.substr(0, 200));
    write_file(folder_ / "f", bytes);
    model_.weight.detach().fill_(5);
    expect_error<FileError>("load: \"" + (folder_ / "f").string() + "\": " + why,
                            [&] { return load(folder_ / "f", model_), 0; });
    EXPECT_EQ(model_.weight.to_vector<float>(), (std::vector<float>{5, 5}));
  }
  void expect_header_refused(const std::string& header, const std::string& why) {
    expect_refused(file_with(header, 8), why);
  }
  void expect_loads(const std::string& bytes) {
    write_file(folder_ / "f", bytes);
    model_.weight.detach().fill_(5);
    load(folder_ / "f", model_);
    EXPECT_EQ(model_.weight.to_vector<float>(), (std::vector<float>{0, 0}));
  }

  TempFolder folder_;
  nn::Linear model_{2, 1, {.bias = false}};
  std::string good_ = "{" + entry("weight", "F32", "[1,2]", "[0,8]") + "}";
};

TEST_F(Damaged, NotAtAll) {
  expect_loads(file_with(good_, 8));
  expect_loads(file_with(good_ + "    ", 8));
  expect_loads(
      file_with(" \n{ \"weight\" : {\t\"data_offsets\" : [ 0 , 8 ], \"shape\":[1, 2],"
                "\"dtype\":\"F\\u00332\"} , \"__metadata__\":{} }",
                8));
}

TEST_F(Damaged, Lengths) {
  expect_refused("", "is no safetensors file: it has no header");
  expect_refused("1234567", "is no safetensors file: it has no header");
  expect_refused(std::string(8, '\0'), "header: byte 0: expected {");
  const std::string too_long = "header: its length is given as ";
  expect_refused(std::string(8, '\xff'),
                 too_long +
                     "18446744073709551615 bytes, and 0 are there: it is truncated, or no "
                     "safetensors file");
  const std::string whole = file_with(good_, 8);
  for (std::size_t bytes = 8; bytes < 8 + good_.size(); ++bytes) {
    expect_refused(whole.substr(0, bytes),
                   too_long + std::to_string(good_.size()) + " bytes, and " +
                       std::to_string(bytes - 8) +
                       " are there: it is truncated, or no safetensors file");
  }
  for (std::size_t missing = 1; missing <= 8; ++missing) {
    expect_refused(whole.substr(0, whole.size() - missing), "the tensors have 8 bytes, and " +
                                                                std::to_string(8 - missing) +
                                                                " are there: it is truncated");
  }
  expect_refused(whole + "x", "the tensors have 8 bytes, and 9 are there: something follows them");
}

TEST_F(Damaged, HeadersThatAreNotJson) {
  expect_header_refused("[]", "header: byte 0: expected {");
  expect_header_refused("{\"weight", "header: byte 8: expected the rest of a string");
  expect_header_refused("{\"a\n\"", "header: byte 3: expected the rest of a string");
  expect_header_refused(good_ + "x", "header: byte 61: expected the end");
  expect_header_refused("{,}", "header: byte 1: expected \"");
  expect_header_refused("{\"a\":null}", "header: byte 5: expected {");
  expect_header_refused("{\"a\\x\"", "header: byte 4: expected an escape");
  expect_header_refused("{\"a\\u12g4\"", "header: byte 7: expected four hexadecimal digits");
  expect_header_refused("{\"\\udc00\"", "header: byte 7: expected the first half of a pair");
  expect_header_refused("{\"\\ud83d\"", "header: byte 8: expected the second half of a pair");
  expect_header_refused("{\"\\ud83d\\u0041\"",
                        "header: byte 13: expected the second half of a pair");
  expect_header_refused("{\"\xff\":{}}", "header: is not UTF-8");
  expect_header_refused("{\"\xc0\x80\":{}}", "header: is not UTF-8");      // too long a form
  expect_header_refused("{\"\xed\xa0\x80\":{}}", "header: is not UTF-8");  // a surrogate
  expect_header_refused(std::string("{\"a\0b\"", 6),
                        "header: byte 3: expected the rest of a string");
  const std::string deep(100'000, '[');
  expect_header_refused("{\"a\":" + deep, "header: byte 5: expected {");
  expect_header_refused("{" + entry("weight", "F32", deep, "[0,8]"),
                        "header: byte 34: expected a whole number");
  std::string nested;
  for (int i = 0; i < 100'000; ++i) nested += "{\"a\":";
  expect_header_refused(nested, "tensor \"a\": field \"a\" is unknown");
}

TEST_F(Damaged, Fields) {
  const auto weight = [](const std::string& dtype, const std::string& shape,
                         const std::string& offsets) {
    return "{" + entry("weight", dtype, shape, offsets) + "}";
  };
  const std::string expected =
      "tensor \"weight\": expected a dtype, a shape and data_offsets [begin, end]";
  expect_header_refused("{\"weight\":{}}", expected);
  expect_header_refused("{\"weight\":{\"dtype\":\"F32\",\"shape\":[1,2]}}", expected);
  expect_header_refused(weight("F32", "[1,2]", "[0]"), expected);
  expect_header_refused(weight("F32", "[1,2]", "[0,8,8]"), expected);
  expect_header_refused(weight("F32", "[1,2]", "[8,0]"), expected);
  expect_header_refused("{\"weight\":{\"dtype\":\"F32\",\"shape\":[1,2],\"offsets\":[0,8]}}",
                        "tensor \"weight\": field \"offsets\" is unknown");
  expect_header_refused("{\"weight\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}",
                        "header: weight: \"dtype\" comes twice");
  expect_header_refused(
      "{" + entry("a", "F32", "[1]", "[0,4]") + "," + entry("a", "F32", "[1]", "[4,8]") + "}",
      "header: header: \"a\" comes twice");
  expect_header_refused("{" + entry("\\ud83d\\ude01", "F32", "[1]", "[0,4]") + "," +
                            entry("\U0001f601", "F32", "[1]", "[4,8]") + "}",
                        "header: header: \"\U0001f601\" comes twice");
  expect_header_refused("{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}",
                        "header: __metadata__: \"a\" comes twice");
  expect_header_refused("{\"__metadata__\":{\"a\":1}}", "header: byte 21: expected \"");
  for (const char* number : {"NaN", "-1", "\"2\"", "null", "[2]", "Infinity"}) {
    expect_header_refused(weight("F32", "[1," + std::string(number) + "]", "[0,8]"),
                          "header: byte 36: expected a whole number");
  }
  for (const char* number : {"2.0", "2e0", "2 0"}) {
    expect_header_refused(
        weight("F32", "[1," + std::string(number) + "]", "[0,8]"),
        "header: byte " + std::string(number[1] == ' ' ? "38" : "37") + ": expected ]");
  }
  for (const char* number : {"02", "9223372036854775808", "99999999999999999999999"}) {
    write_file(folder_ / "f",
               file_with(weight("F32", "[1," + std::string(number) + "]", "[0,8]"), 8));
    EXPECT_THROW(load(folder_ / "f", model_), FileError) << number;
  }
}

TEST_F(Damaged, Offsets) {
  const auto fits = [](const std::string& offsets) {
    return "tensor \"weight\": data_offsets " + offsets + " do not fit its shape";
  };
  const auto weight = [](const std::string& shape, const std::string& offsets) {
    return "{" + entry("weight", "F32", shape, offsets) + "}";
  };
  expect_header_refused(weight("[1,2]", "[0,4]"), fits("[0, 4]"));
  expect_header_refused(weight("[2,2]", "[0,8]"), fits("[0, 8]"));
  expect_header_refused(weight("[]", "[0,8]"), fits("[0, 8]"));
  expect_header_refused(weight("[0]", "[0,8]"), fits("[0, 8]"));
  // Products that are 8 in 64 bits, or less than they seem.
  expect_header_refused(weight("[4294967296,4294967296]", "[0,0]"), fits("[0, 0]"));
  expect_header_refused(weight("[9223372036854775807,2]", "[0,8]"), fits("[0, 8]"));
  expect_header_refused(weight("[2305843009213693954]", "[0,8]"), fits("[0, 8]"));
  expect_header_refused(weight("[2305843009213693952]", "[0,9223372036854775807]"),
                        fits("[0, 9223372036854775807]"));
  expect_header_refused(weight("[1152921504606846976]", "[0,4611686018427387904]"),
                        "the tensors have 4611686018427387904 bytes, and 8 are there: it is "
                        "truncated");
  expect_header_refused(weight("[1,2]", "[8,16]"),
                        "tensor \"weight\": data_offsets begin at 8, expected 0: there is a hole "
                        "before it");
  const auto two = [](const std::string& first, const std::string& second) {
    return "{" + entry("a", "F32", "[1]", first) + "," + entry("b", "F32", "[1]", second) + "}";
  };
  expect_header_refused(two("[0,4]", "[2,6]"),
                        "tensor \"b\": data_offsets begin at 2, expected 4: there is an overlap "
                        "before it");
  expect_header_refused(two("[0,4]", "[0,4]"),
                        "tensor \"b\": data_offsets begin at 0, expected 4: there is an overlap "
                        "before it");
  expect_refused(file_with(two("[5,9]", "[0,4]"), 9),
                 "tensor \"a\": data_offsets begin at 5, expected 4: there is a hole before it");
}

TEST_F(Damaged, DtypesAndRanksThatKindlingHasNot) {
  expect_header_refused(
      "{" + entry("weight", "I32", "[2]", "[0,8]") + "}",
      "tensor \"weight\": dtype I32: Kindling reads F32, F64 and I64: convert it");
  expect_header_refused("{" + entry("weight", "F32", "[1,1,1,1,1,1,1,1,2]", "[0,8]") + "}",
                        "tensor \"weight\": 9 dimensions: at most 8 can be");
  // Where nobody asks for it, it may be what it likes.
  const std::string other = "{\"__metadata__\":{\"kindling\":\"other.\"}," +
                            entry("weight", "F32", "[1,2]", "[0,8]") + "," +
                            entry("other.count", "U64", "[1]", "[8,16]") + "}";
  expect_loads(file_with(other, 16));
}

TEST_F(Damaged, ThingsThatAreNoFiles) {
  expect_error<FileError>("load: \"" + (folder_ / "none").string() +
                              "\": could not be opened: No such file or directory",
                          [&] { return load(folder_ / "none", model_), 0; });
  expect_error<FileError>("load: \"" + folder_.path().string() + "\": is not a file",
                          [&] { return load(folder_.path(), model_), 0; });
  expect_error<FileError>("load: \"/dev/zero\": is not a file",
                          [&] { return load("/dev/zero", model_), 0; });
}

// A header that claims much gets none of it.
TEST_F(Damaged, TakesNoMemoryForWhatIsNotThere) {
  const CountingCpu cpu;
  expect_header_refused("{" + entry("weight", "F32", "[1000000,1000]", "[0,4000000000]") + "}",
                        "the tensors have 4000000000 bytes, and 8 are there: it is truncated");
  EXPECT_EQ(cpu.allocations(4'000'000'000), 0);
}

}  // namespace
}  // namespace kindling::test
