// SPDX-License-Identifier: MIT
#include <kindling/core/error.h>
#include <kindling/kernels/cuda/check.h>

#include <string_view>

namespace kindling::kernels::cuda {

void check(cudaError_t status, const char* call, const std::source_location& where) {
  if (status == cudaSuccess) [[likely]]
    return;
  (void)cudaGetLastError();
  const std::string_view path = where.file_name();
  const std::size_t folder = path.rfind("kernels/");
  throw CudaError(message("cuda: ", call, " failed: ", cudaGetErrorName(status), " (",
                          cudaGetErrorString(status), "), at ",
                          folder == path.npos ? path : path.substr(folder), ":", where.line()));
}

}  // namespace kindling::kernels::cuda
