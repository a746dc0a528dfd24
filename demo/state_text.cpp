// SPDX-License-Identifier: MIT
#include "demo/state_text.h"

#include <kindling/core/error.h>
#include <kindling/core/makers.h>

#include <cmath>

namespace kindling::demo {

Tensor numbers_tensor(const std::vector<double>& values) {
  return from_data(values, {values.size()}, {.device = Device::cpu()});
}

Tensor text_tensor(const std::string& text) {
  std::vector<double> bytes;
  for (const char c : text) bytes.push_back(static_cast<double>(static_cast<unsigned char>(c)));
  return numbers_tensor(bytes).to(DType::float32);
}

Tensor list_tensor(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += text + '\0';
  return text_tensor(all);
}

std::string text_of(const Tensor& tensor) {
  std::string text;
  for (const double byte : tensor.to(DType::float64).to_vector<double>()) {
    if (!(byte >= 0 && byte <= 255 && byte == std::floor(byte)))
      throw ValueError(message("text: ", byte, " is no byte: the file is damaged"));
    text += static_cast<char>(static_cast<unsigned char>(byte));
  }
  return text;
}

std::vector<std::string> list_of(const Tensor& tensor) {
  const std::string all = text_of(tensor);
  std::vector<std::string> texts;
  for (std::size_t start = 0, end = 0; (end = all.find('\0', start)) != std::string::npos;
       start = end + 1)
    texts.push_back(all.substr(start, end - start));
  return texts;
}

}  // namespace kindling::demo
