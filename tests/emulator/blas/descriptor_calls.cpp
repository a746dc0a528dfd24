// SPDX-License-Identifier: MIT
// cuBLASLt's descriptors: creation, attributes.
#include "tests/emulator/blas/descriptors.h"
#include "tests/emulator/blas/handle.h"
#include "tests/emulator/report/report.h"

#include <cstring>
#include <new>
#include <span>

using namespace emulator;

namespace {

struct Attribute {
  int number;
  std::size_t offset;
  std::size_t bytes;
};

template <class Descriptor, class T>
Attribute attribute(int number, T Descriptor::*member) {
  static const Descriptor descriptor;
  const auto* const start = reinterpret_cast<const std::byte*>(&descriptor);
  const auto* const place = reinterpret_cast<const std::byte*>(&(descriptor.*member));
  return {number, static_cast<std::size_t>(place - start), sizeof(T)};
}

const Attribute kMatmul[] = {
    attribute(CUBLASLT_MATMUL_DESC_COMPUTE_TYPE, &MatmulDescriptor::compute_type),
    attribute(CUBLASLT_MATMUL_DESC_SCALE_TYPE, &MatmulDescriptor::scale_type),
    attribute(CUBLASLT_MATMUL_DESC_POINTER_MODE, &MatmulDescriptor::pointer_mode),
    attribute(CUBLASLT_MATMUL_DESC_TRANSA, &MatmulDescriptor::transpose_a),
    attribute(CUBLASLT_MATMUL_DESC_TRANSB, &MatmulDescriptor::transpose_b),
    attribute(CUBLASLT_MATMUL_DESC_TRANSC, &MatmulDescriptor::transpose_c),
    attribute(CUBLASLT_MATMUL_DESC_FILL_MODE, &MatmulDescriptor::fill_mode),
    attribute(CUBLASLT_MATMUL_DESC_EPILOGUE, &MatmulDescriptor::epilogue),
    attribute(CUBLASLT_MATMUL_DESC_BIAS_POINTER, &MatmulDescriptor::bias),
    attribute(CUBLASLT_MATMUL_DESC_BIAS_BATCH_STRIDE, &MatmulDescriptor::bias_batch_step),
    attribute(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER, &MatmulDescriptor::auxiliary),
    attribute(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD, &MatmulDescriptor::auxiliary_ld),
    attribute(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_BATCH_STRIDE,
              &MatmulDescriptor::auxiliary_batch_step),
    attribute(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_DATA_TYPE, &MatmulDescriptor::auxiliary_type),
    attribute(CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, &MatmulDescriptor::bias_type),
    attribute(CUBLASLT_MATMUL_DESC_SM_COUNT_TARGET, &MatmulDescriptor::multiprocessors),
    attribute(CUBLASLT_MATMUL_DESC_FAST_ACCUM, &MatmulDescriptor::fast_accumulation),
};

const Attribute kLayout[] = {
    attribute(CUBLASLT_MATRIX_LAYOUT_TYPE, &LayoutDescriptor::type),
    attribute(CUBLASLT_MATRIX_LAYOUT_ORDER, &LayoutDescriptor::order),
    attribute(CUBLASLT_MATRIX_LAYOUT_ROWS, &LayoutDescriptor::rows),
    attribute(CUBLASLT_MATRIX_LAYOUT_COLS, &LayoutDescriptor::columns),
    attribute(CUBLASLT_MATRIX_LAYOUT_LD, &LayoutDescriptor::ld),
    attribute(CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &LayoutDescriptor::batch),
    attribute(CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, &LayoutDescriptor::batch_step),
    attribute(CUBLASLT_MATRIX_LAYOUT_BATCH_MODE, &LayoutDescriptor::batch_mode),
};

const Attribute kPreference[] = {
    attribute(CUBLASLT_MATMUL_PREF_SEARCH_MODE, &PreferenceDescriptor::search),
    attribute(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &PreferenceDescriptor::workspace),
    attribute(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, &PreferenceDescriptor::reductions),
    attribute(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, &PreferenceDescriptor::alignment_a),
    attribute(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, &PreferenceDescriptor::alignment_b),
    attribute(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, &PreferenceDescriptor::alignment_c),
    attribute(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, &PreferenceDescriptor::alignment_d),
    attribute(CUBLASLT_MATMUL_PREF_MAX_WAVES_COUNT, &PreferenceDescriptor::waves),
    attribute(CUBLASLT_MATMUL_PREF_IMPL_MASK, &PreferenceDescriptor::implementations),
};

// The attribute of that number; a report and nullptr for one that is not emulated.
const Attribute* find_attribute(std::span<const Attribute> attributes, int number,
                                const char* call) {
  for (const Attribute& attribute : attributes) {
    if (attribute.number == number) return &attribute;
  }
  report(Check::unsupported,
         std::string(call) + ": attribute " + std::to_string(number) + " is not emulated");
  return nullptr;
}

template <class Descriptor>
cublasStatus_t set(const char* call, std::span<const Attribute> attributes, void* pointer,
                   int number, const void* value, std::size_t bytes) {
  return library_entry(call, [&] {
    Descriptor* const descriptor = find_descriptor<Descriptor>(pointer);
    if (!descriptor || !value) return refuse(CUBLAS_STATUS_INVALID_VALUE, call);
    const Attribute* const attribute = find_attribute(attributes, number, call);
    if (!attribute) return CUBLAS_STATUS_NOT_SUPPORTED;
    if (bytes != attribute->bytes) {
      return refuse(CUBLAS_STATUS_INVALID_VALUE, std::string(call) + ": attribute " +
                                                     std::to_string(number) + " has " +
                                                     std::to_string(attribute->bytes) + " bytes");
    }
    std::memcpy(reinterpret_cast<std::byte*>(descriptor) + attribute->offset, value, bytes);
    return CUBLAS_STATUS_SUCCESS;
  });
}

template <class Descriptor>
cublasStatus_t get(const char* call, std::span<const Attribute> attributes, void* pointer,
                   int number, void* value, std::size_t bytes, std::size_t* written) {
  return library_entry(call, [&] {
    const Descriptor* const descriptor = find_descriptor<Descriptor>(pointer);
    if (!descriptor || (bytes == 0 ? !written : !value)) return CUBLAS_STATUS_INVALID_VALUE;
    const Attribute* const attribute = find_attribute(attributes, number, call);
    if (!attribute) return CUBLAS_STATUS_NOT_SUPPORTED;
    if (bytes != 0 && bytes != attribute->bytes) return CUBLAS_STATUS_INVALID_VALUE;
    if (written) *written = attribute->bytes;
    std::memcpy(value, reinterpret_cast<const std::byte*>(descriptor) + attribute->offset, bytes);
    return CUBLAS_STATUS_SUCCESS;
  });
}

template <class Descriptor>
cublasStatus_t initialise(const char* call, void* memory, std::size_t bytes,
                          const Descriptor& value) {
  return library_entry(call, [&] {
    if (!memory) return CUBLAS_STATUS_INVALID_VALUE;
    if (bytes < sizeof(Descriptor)) return CUBLAS_STATUS_ALLOC_FAILED;
    new (memory) Descriptor(value);
    return CUBLAS_STATUS_SUCCESS;
  });
}

template <class Opaque, class Descriptor>
cublasStatus_t create(const char* call, Opaque** handle, const Descriptor& value) {
  static_assert(sizeof(Descriptor) <= sizeof(Opaque));
  if (!handle) return CUBLAS_STATUS_INVALID_VALUE;
  auto* const memory = new Opaque;
  const cublasStatus_t status = initialise(call, memory, sizeof(Opaque), value);
  if (status == CUBLAS_STATUS_SUCCESS)
    *handle = memory;
  else
    delete memory;
  return status;
}

template <class Descriptor, class Opaque>
cublasStatus_t destroy(const char* call, Opaque* handle) {
  return library_entry(call, [&] {
    if (!handle) return CUBLAS_STATUS_SUCCESS;
    Descriptor* const descriptor = find_descriptor<Descriptor>(handle);
    if (!descriptor) return CUBLAS_STATUS_INVALID_VALUE;
    descriptor->magic = 0;
    delete handle;
    return CUBLAS_STATUS_SUCCESS;
  });
}

MatmulDescriptor matmul_descriptor(cublasComputeType_t compute, cudaDataType scale) {
  MatmulDescriptor result;
  result.compute_type = compute;
  result.scale_type = scale;
  return result;
}

LayoutDescriptor layout_descriptor(cudaDataType type, std::uint64_t rows, std::uint64_t columns,
                                   std::int64_t ld) {
  LayoutDescriptor result;
  result.type = type;
  result.rows = rows;
  result.columns = columns;
  result.ld = ld;
  return result;
}

}  // namespace

extern "C" {

cublasStatus_t cublasLtMatmulDescInit_internal(cublasLtMatmulDesc_t descriptor, std::size_t bytes,
                                               cublasComputeType_t compute, cudaDataType_t scale) {
  return initialise("cublasLtMatmulDescInit", descriptor, bytes, matmul_descriptor(compute, scale));
}

cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t* descriptor,
                                        cublasComputeType_t compute, cudaDataType_t scale) {
  return create("cublasLtMatmulDescCreate", descriptor, matmul_descriptor(compute, scale));
}

cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t descriptor) {
  return destroy<MatmulDescriptor>("cublasLtMatmulDescDestroy", descriptor);
}

cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t descriptor,
                                              cublasLtMatmulDescAttributes_t attribute,
                                              const void* value, std::size_t bytes) {
  return set<MatmulDescriptor>("cublasLtMatmulDescSetAttribute", kMatmul, descriptor, attribute,
                               value, bytes);
}

cublasStatus_t cublasLtMatmulDescGetAttribute(cublasLtMatmulDesc_t descriptor,
                                              cublasLtMatmulDescAttributes_t attribute, void* value,
                                              std::size_t bytes, std::size_t* written) {
  return get<MatmulDescriptor>("cublasLtMatmulDescGetAttribute", kMatmul, descriptor, attribute,
                               value, bytes, written);
}

cublasStatus_t cublasLtMatrixLayoutInit_internal(cublasLtMatrixLayout_t layout, std::size_t bytes,
                                                 cudaDataType type, std::uint64_t rows,
                                                 std::uint64_t columns, std::int64_t ld) {
  return initialise("cublasLtMatrixLayoutInit", layout, bytes,
                    layout_descriptor(type, rows, columns, ld));
}

cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t* layout, cudaDataType type,
                                          std::uint64_t rows, std::uint64_t columns,
                                          std::int64_t ld) {
  return create("cublasLtMatrixLayoutCreate", layout, layout_descriptor(type, rows, columns, ld));
}

cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t layout) {
  return destroy<LayoutDescriptor>("cublasLtMatrixLayoutDestroy", layout);
}

cublasStatus_t cublasLtMatrixLayoutSetAttribute(cublasLtMatrixLayout_t layout,
                                                cublasLtMatrixLayoutAttribute_t attribute,
                                                const void* value, std::size_t bytes) {
  return set<LayoutDescriptor>("cublasLtMatrixLayoutSetAttribute", kLayout, layout, attribute,
                               value, bytes);
}

cublasStatus_t cublasLtMatrixLayoutGetAttribute(cublasLtMatrixLayout_t layout,
                                                cublasLtMatrixLayoutAttribute_t attribute,
                                                void* value, std::size_t bytes,
                                                std::size_t* written) {
  return get<LayoutDescriptor>("cublasLtMatrixLayoutGetAttribute", kLayout, layout, attribute,
                               value, bytes, written);
}

cublasStatus_t cublasLtMatmulPreferenceInit_internal(cublasLtMatmulPreference_t preference,
                                                     std::size_t bytes) {
  return initialise("cublasLtMatmulPreferenceInit", preference, bytes, PreferenceDescriptor{});
}

cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t* preference) {
  return create("cublasLtMatmulPreferenceCreate", preference, PreferenceDescriptor{});
}

cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t preference) {
  return destroy<PreferenceDescriptor>("cublasLtMatmulPreferenceDestroy", preference);
}

cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t preference,
                                                    cublasLtMatmulPreferenceAttributes_t attribute,
                                                    const void* value, std::size_t bytes) {
  return set<PreferenceDescriptor>("cublasLtMatmulPreferenceSetAttribute", kPreference, preference,
                                   attribute, value, bytes);
}

cublasStatus_t cublasLtMatmulPreferenceGetAttribute(cublasLtMatmulPreference_t preference,
                                                    cublasLtMatmulPreferenceAttributes_t attribute,
                                                    void* value, std::size_t bytes,
                                                    std::size_t* written) {
  return get<PreferenceDescriptor>("cublasLtMatmulPreferenceGetAttribute", kPreference, preference,
                                   attribute, value, bytes, written);
}

}  // extern "C"
