// SPDX-License-Identifier: MIT
#include <kindling/core/command.h>
#include <kindling/core/safetensors.h>
#include <kindling/core/utf8.h>

#include <algorithm>
#include <bit>
#include <memory>

namespace kindling::detail {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr std::uint64_t kLargestHeader = 100'000'000;  // as the Python package has it
constexpr std::size_t kPiece = 1 << 20;                // of a tensor on another device

// The widest first, so that each tensor is aligned.
constexpr std::pair<DType, std::string_view> kCodes[] = {
    {DType::float64, "F64"}, {DType::int64, "I64"}, {DType::float32, "F32"}};

std::string quoted(const std::string& text) {
  if (!is_utf8(text)) throw ValueError(message("save: name \"", text, "\" is not UTF-8"));
  constexpr const char* kDigits = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < ' ') {
      out += "\\u00";
      out += kDigits[c >> 4];
      out += kDigits[c & 15];
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::int64_t bytes_of(const Tensor& tensor) { return tensor.numel() * size_of(tensor.dtype()); }

}  // namespace

std::string safetensors_header(const StateDict& tensors, const Metadata& metadata,
                               std::vector<const Tensor*>& order) {
  std::string text;
  for (const auto& [key, value] : metadata)
    text += (text.empty() ? "{\"__metadata__\":{" : ",") + quoted(key) + ":" + quoted(value);
  text += text.empty() ? "{" : "}";
  std::int64_t begin = 0;
  for (const auto& [dtype, code] : kCodes) {
    for (const auto& [name, tensor] : tensors) {
      if (check_defined("save", tensor).storage->dtype != dtype) continue;
      const std::int64_t end = begin + bytes_of(tensor);
      std::string shape;
      for (const std::int64_t size : tensor.shape())
        shape += message(shape.empty() ? "" : ",", size);
      text += message(text.size() == 1 ? "" : ",", quoted(name), ":{\"dtype\":\"", code,
                      "\",\"shape\":[", shape, "],\"data_offsets\":[", begin, ",", end, "]}");
      begin = end;
      order.push_back(&tensor);
    }
  }
  text += "}";
  text.resize((text.size() + 7) / 8 * 8, ' ');
  return text;
}

void write_safetensors(AtomicFile& file, const StateDict& tensors, const Metadata& metadata) {
  std::vector<const Tensor*> order;
  const std::string header = safetensors_header(tensors, metadata, order);
  const std::uint64_t length = header.size();
  file.write(&length, sizeof length);
  file.write(header.data(), header.size());
  std::unique_ptr<char[]> piece;
  for (const Tensor* tensor : order) {
    const auto* data = static_cast<const char*>(view(*tensor).data);
    auto left = static_cast<std::size_t>(bytes_of(*tensor));
    if (tensor->device().is_cpu()) {
      file.write(data, left);
      continue;
    }
    if (!piece) piece = std::make_unique<char[]>(kPiece);
    while (left > 0) {
      const std::size_t bytes = std::min(left, kPiece);
      backend_of(*tensor).download(piece.get(), data, bytes);
      file.write(piece.get(), bytes);
      data += bytes;
      left -= bytes;
    }
  }
}

SafetensorsFile::SafetensorsFile(const char* op, const std::filesystem::path& path)
    : file_(op, path) {
  std::uint64_t length = 0;
  if (file_.size() < sizeof length) fail("is no safetensors file: it has no header");
  file_.read(0, &length, sizeof length);
  const std::uint64_t rest = file_.size() - sizeof length;
  if (length > std::min(rest, kLargestHeader)) {
    fail(message("header: its length is given as ", length, " bytes, and ", rest, " are there",
                 length > rest ? ": it is truncated, or no safetensors file" : ": too many"));
  }
  std::string text(length, '\0');
  file_.read(sizeof length, text.data(), text.size());
  data_ = sizeof length + length;
  try {
    header_ = parse_safetensors_header(text, file_.size() - data_);
  } catch (const FileError& error) {
    fail(error.what());
  }
}

Tensor SafetensorsFile::read(const TensorEntry& entry) const {
  const auto* code = std::find_if(std::begin(kCodes), std::end(kCodes),
                                  [&](const auto& known) { return known.second == entry.dtype; });
  if (code == std::end(kCodes)) {
    fail(message("tensor \"", entry.name, "\": dtype ", entry.dtype,
                 ": Kindling reads F32, F64 and I64: convert it"));
  }
  if (entry.shape.size() > static_cast<std::size_t>(kMaxRank)) {
    fail(message("tensor \"", entry.name, "\": ", entry.shape.size(), " dimensions: at most ",
                 kMaxRank, " can be"));
  }
  const Tensor tensor = make_tensor("load", Shape(std::span<const std::int64_t>(entry.shape)),
                                    code->first, Device::cpu());
  file_.read(data_ + entry.begin, view(tensor).data,
             static_cast<std::size_t>(entry.end - entry.begin));
  return tensor;
}

}  // namespace kindling::detail
