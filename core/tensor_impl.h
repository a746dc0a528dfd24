// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/intrusive.h>
#include <kindling/core/shape.h>
#include <kindling/core/storage.h>

#include <cstdint>
#include <memory>
#include <string>

namespace kindling::detail {

class Node;

/// What the handles of one tensor share: its part of a storage, and its place in the graph of
/// gradients.
struct KINDLING_API TensorImpl final : RefCounted {
  static Intrusive<TensorImpl> make(Intrusive<Storage> storage, std::int64_t offset,
                                    const Shape& shape) {
    return make(std::move(storage), offset, shape, shape.numel());
  }
  static Intrusive<TensorImpl> make(Intrusive<Storage> storage, std::int64_t offset,
                                    const Shape& shape, std::int64_t numel);
  static void destroy(TensorImpl* impl) noexcept;

  Intrusive<Storage> storage;
  std::int64_t offset = 0;  // elements from the storage's start
  std::int64_t numel = 0;
  Shape shape;

  Intrusive<Node> producer;  // the op that made it, when gradients flow through it
  Intrusive<TensorImpl>
      grad;  // leaves only; kept while undefined, so that an arena's stays in place
  bool grad_defined = false;
  bool requires_grad = false;
  std::unique_ptr<const std::string> name;  // as its module calls it: "fc1.weight"

 private:
  TensorImpl() noexcept;
  ~TensorImpl();
};

}  // namespace kindling::detail
