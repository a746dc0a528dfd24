// SPDX-License-Identifier: MIT
#include <kindling/kernels/cuda/cublas_lt.h>

#include <dlfcn.h>

namespace kindling::kernels::cuda {
namespace {

const CublasLt* load() {
  void* library = nullptr;
  for (const char* name : {"libcublasLt.so.13", "libcublasLt.so.12", "libcublasLt.so"}) {
    if (library == nullptr) library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  }
  if (library == nullptr) return nullptr;
  static CublasLt functions;
  bool complete = true;
  const auto find = [&]<class F>(F& function, const char* name) {
    function = reinterpret_cast<F>(dlsym(library, name));
    complete = complete && function != nullptr;
  };
  find(functions.create, "cublasLtCreate");
  find(functions.destroy, "cublasLtDestroy");
  find(functions.matmul, "cublasLtMatmul");
  find(functions.desc_create, "cublasLtMatmulDescCreate");
  find(functions.desc_destroy, "cublasLtMatmulDescDestroy");
  find(functions.desc_set, "cublasLtMatmulDescSetAttribute");
  find(functions.layout_create, "cublasLtMatrixLayoutCreate");
  find(functions.layout_destroy, "cublasLtMatrixLayoutDestroy");
  find(functions.layout_set, "cublasLtMatrixLayoutSetAttribute");
  find(functions.preference_create, "cublasLtMatmulPreferenceCreate");
  find(functions.preference_destroy, "cublasLtMatmulPreferenceDestroy");
  find(functions.preference_set, "cublasLtMatmulPreferenceSetAttribute");
  find(functions.heuristic, "cublasLtMatmulAlgoGetHeuristic");
  find(functions.status_string, "cublasLtGetStatusString");
  find(functions.version, "cublasLtGetVersion");
  return complete ? &functions : nullptr;
}

}  // namespace

const CublasLt* CublasLt::get() {
  static const CublasLt* const functions = load();
  return functions;
}

}  // namespace kindling::kernels::cuda
