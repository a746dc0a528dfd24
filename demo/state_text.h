// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/tensor.h>

#include <string>
#include <vector>

namespace kindling::demo {

// What a StateDict holds beside parameters. A text is a row of its bytes, a list has a zero byte
// behind each of its texts. The readers throw ValueError for what is none.

Tensor numbers_tensor(const std::vector<double>& values);
Tensor text_tensor(const std::string& text);
Tensor list_tensor(const std::vector<std::string>& texts);

std::string text_of(const Tensor& tensor);
std::vector<std::string> list_of(const Tensor& tensor);

}  // namespace kindling::demo
