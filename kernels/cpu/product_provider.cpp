// SPDX-License-Identifier: MIT
#include <kindling/core/error.h>
#include <kindling/kernels/cpu/instruction_set.h>
#include <kindling/kernels/cpu/product_provider.h>

#include <algorithm>
#include <cstdlib>

// Set by the build: which libraries were found (0 or 1), and the name of the default.
// KINDLING_PRODUCT_ONEDNN, KINDLING_PRODUCT_OPENBLAS, KINDLING_PRODUCT_DEFAULT

namespace kindling::kernels::cpu {
namespace {

std::vector<const ProductProvider*> usable_providers() {
  std::vector<const ProductProvider*> found;
  if constexpr (KINDLING_PRODUCT_ONEDNN)
    if (const auto* provider = onednn_provider()) found.push_back(provider);
  if constexpr (KINDLING_PRODUCT_OPENBLAS)
    if (const auto* provider = openblas_provider()) found.push_back(provider);
  found.push_back(&level().eigen);
  found.push_back(&level().tiles);
  std::string_view first = KINDLING_PRODUCT_DEFAULT;
  if constexpr (KINDLING_PRODUCT_OPENBLAS)
    if (first == "openblas" && !openblas_knows_processor()) first = "eigen";
  const auto preferred =
      std::find_if(found.begin(), found.end(),
                   [&](const ProductProvider* provider) { return provider->name == first; });
  if (preferred != found.end()) std::rotate(found.begin(), preferred, preferred + 1);
  return found;
}

ProductProvider find_provider(std::string_view name, const char* who) {
  std::string names;
  for (const ProductProvider* candidate : usable_providers()) {
    if (candidate->name == name) {
      ProductProvider provider = *candidate;
      if (provider.multiply_double == nullptr)
        provider.multiply_double = level().eigen.multiply_double;
      return provider;
    }
    names += std::string(names.empty() ? "" : ", ") + candidate->name;
  }
  throw ValueError(message(who, ": no product provider \"", name, "\": there are ", names));
}

ProductProvider initial_provider() {
  const char* wanted = std::getenv("KINDLING_PRODUCTS");
  if (wanted != nullptr && *wanted != '\0') return find_provider(wanted, "KINDLING_PRODUCTS");
  return find_provider(usable_providers().front()->name, "product");
}

ProductProvider& current() {
  static ProductProvider provider = initial_provider();
  return provider;
}

}  // namespace

ProductProvider product_provider() { return current(); }

std::vector<std::string> product_providers() {
  std::vector<std::string> names;
  for (const ProductProvider* provider : usable_providers()) names.emplace_back(provider->name);
  return names;
}

void set_product_provider(std::string_view name) {
  current() = find_provider(name, "set_product_provider");
}

}  // namespace kindling::kernels::cpu
