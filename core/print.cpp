// SPDX-License-Identifier: MIT
#include <kindling/core/error.h>
#include <kindling/core/tensor.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <ostream>
#include <string>

namespace kindling {

std::ostream& operator<<(std::ostream& out, DType dtype) {
  switch (dtype) {
    case DType::float32:
      return out << "float32";
    case DType::float64:
      return out << "float64";
    case DType::int64:
      break;
  }
  return out << "int64";
}

std::ostream& operator<<(std::ostream& out, Device device) {
  return device.is_cpu() ? out << "cpu" : out << "cuda:" << std::to_string(device.index());
}

Shape::Shape(std::span<const std::int64_t> sizes) : rank_(static_cast<int>(sizes.size())) {
  if (sizes.size() > kMaxRank) {
    throw ShapeError(message("Shape: ", sizes.size(), " dimensions: at most ", kMaxRank));
  }
  std::copy(sizes.begin(), sizes.end(), sizes_.begin());
}

void Shape::throw_uncountable(const char* op) const {
  throw ShapeError(message(op, ": shape ", *this, " has more elements than can be counted"));
}

std::ostream& operator<<(std::ostream& out, const Shape& shape) {
  out << '[';
  for (int d = 0; d < shape.rank(); ++d) out << (d == 0 ? "" : ", ") << std::to_string(shape[d]);
  return out << ']';
}

namespace {

// A tensor of more elements than this is abridged: to the first and last few of each dimension that
// has more than those.
constexpr std::int64_t kMost = 1000;
constexpr std::int64_t kEdge = 3;
constexpr std::size_t kColumns = 80;  // of a line

std::string number(double value) {
  if (std::isnan(value)) return "nan";  // to_chars shows its sign
  const double size = std::abs(value);
  const bool hidden = size != 0 && (size >= 1e5 || size < 1e-3);
  std::array<char, 32> text;
  const auto format = hidden ? std::chars_format::scientific : std::chars_format::fixed;
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value, format, 4).ptr};
}

class Printer {
 public:
  Printer(std::ostream& out, const Tensor& tensor)
      : out_(out), shape_(tensor.shape()), is_long_(tensor.numel() > kMost) {
    if (is_floating(tensor.dtype()))
      values_ = tensor.to_vector<double>();
    else
      whole_numbers_ = tensor.to_vector<std::int64_t>();
    visit([this](std::size_t at) { width_ = std::max(width_, text(at).size()); }, 0, 0);
    const auto rank = static_cast<std::size_t>(shape_.rank());
    per_line_ =
        static_cast<std::int64_t>(std::max<std::size_t>((kColumns - rank) / (width_ + 2), 1));
  }

  void print(int d, std::size_t offset) {
    if (d == shape_.rank()) {
      const std::string own = text(offset);
      out_ << std::string(width_ - own.size(), ' ') << own;
      return;
    }
    const bool innermost = d == shape_.rank() - 1;
    out_ << '[';
    for (std::int64_t i = 0; i < shape_[d]; ++i) {
      if (i > 0)
        out_ << (innermost && (abridged(d) || i % per_line_ != 0) ? std::string(", ")
                                                                  : ",\n" + indent(d));
      if (abridged(d) && i == kEdge) {
        out_ << (innermost ? "..., " : "...,\n" + indent(d));
        i = shape_[d] - kEdge;
      }
      print(d + 1, offset + static_cast<std::size_t>(i) * stride(d));
    }
    out_ << ']';
  }

 private:
  std::string text(std::size_t at) const {
    return values_.empty() ? std::to_string(whole_numbers_[at]) : number(values_[at]);
  }
  bool abridged(int d) const { return is_long_ && shape_[d] > 2 * kEdge; }
  static std::string indent(int d) { return std::string(static_cast<std::size_t>(d) + 1, ' '); }
  std::size_t stride(int d) const {
    std::size_t product = 1;
    for (int inner = d + 1; inner < shape_.rank(); ++inner) {
      product *= static_cast<std::size_t>(shape_[inner]);
    }
    return product;
  }

  // The values that will be printed.
  template <class F>
  void visit(F&& f, int d, std::size_t offset) {
    if (d == shape_.rank()) return f(offset);
    for (std::int64_t i = 0; i < shape_[d]; ++i) {
      if (abridged(d) && i == kEdge) i = shape_[d] - kEdge;
      visit(f, d + 1, offset + static_cast<std::size_t>(i) * stride(d));
    }
  }

  std::ostream& out_;
  Shape shape_;
  bool is_long_;
  std::vector<double> values_;
  std::vector<std::int64_t> whole_numbers_;  // of an int64 tensor, instead
  std::size_t width_ = 0;
  std::int64_t per_line_ = 1;
};

}  // namespace

std::ostream& operator<<(std::ostream& out, const Tensor& tensor) {
  if (!tensor.defined()) return out << "undefined tensor";
  Printer(out, tensor).print(0, 0);
  return out << "\nshape " << tensor.shape() << ", " << tensor.dtype() << ", " << tensor.device();
}

}  // namespace kindling
