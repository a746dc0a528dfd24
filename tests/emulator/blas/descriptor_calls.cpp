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
  std::size_t offset, bytes;
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
    attribute(CUBLASLT_MATMUL_DESC_EPILOGUE, &MatmulDescriptor::epilogue),
    attribute(CUBLASLT_MATMUL_DESC_BIAS_POINTER, &MatmulDescriptor::bias),
    attribute(CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, &MatmulDescriptor::bias_type),
    attribute(CUBLASLT_MATMUL_DESC_BIAS_BATCH_STRIDE, &MatmulDescriptor::bias_batch_step),
    attribute(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER, &MatmulDescriptor::auxiliary),
    attribute(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_DATA_TYPE, &MatmulDescriptor::auxiliary_type),
    attribute(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD, &MatmulDescriptor::auxiliary_ld),
    attribute(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_BATCH_STRIDE,
              &MatmulDescriptor::auxiliary_batch_step),
};

const Attribute kLayout[] = {
    attribute(CUBLASLT_MATRIX_LAYOUT_TYPE, &LayoutDescriptor::type),
    attribute(CUBLASLT_MATRIX_LAYOUT_ORDER, &LayoutDescriptor::order),
    attribute(CUBLASLT_MATRIX_LAYOUT_ROWS, &LayoutDescriptor::rows),
    attribute(CUBLASLT_MATRIX_LAYOUT_COLS, &LayoutDescriptor::columns),
    attribute(CUBLASLT_MATRIX_LAYOUT_LD, &LayoutDescriptor::ld),
    attribute(CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &LayoutDescriptor::batch),
    attribute(CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, &LayoutDescriptor::batch_step),
};

const Attribute kPreference[] = {
    attribute(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &PreferenceDescriptor::workspace),
    attribute(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, &PreferenceDescriptor::reductions),
    attribute(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, &PreferenceDescriptor::alignment_a),
    attribute(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, &PreferenceDescriptor::alignment_b),
    attribute(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, &PreferenceDescriptor::alignment_c),
    attribute(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, &PreferenceDescriptor::alignment_d),
};

// `body` gets the place of an attribute and its size. One that is not emulated is reported.
template <class Descriptor, class Body>
cublasStatus_t about_attribute(const char* call, std::span<const Attribute> attributes,
                               void* pointer, int number, Body body) {
  return library_entry(call, [&] {
    Descriptor* const descriptor = find_descriptor<Descriptor>(pointer);
    if (!descriptor) return invalid(call);
    for (const Attribute& attribute : attributes) {
      if (attribute.number != number) continue;
      return body(reinterpret_cast<std::byte*>(descriptor) + attribute.offset, attribute.bytes);
    }
    report(Check::unsupported, text(call, ": attribute ", number, " is not emulated"));
    return CUBLAS_STATUS_NOT_SUPPORTED;
  });
}

template <class Descriptor>
cublasStatus_t set(const char* call, std::span<const Attribute> attributes, void* pointer,
                   int number, const void* value, std::size_t bytes) {
  const auto body = [&](std::byte* place, std::size_t size) {
    if (!value) return invalid(call);
    if (bytes != size) return invalid(text(call, ": attribute ", number, " has ", size, " bytes"));
    std::memcpy(place, value, size);
    return CUBLAS_STATUS_SUCCESS;
  };
  return about_attribute<Descriptor>(call, attributes, pointer, number, body);
}

template <class Descriptor>
cublasStatus_t get(const char* call, std::span<const Attribute> attributes, void* pointer,
                   int number, void* to, std::size_t room, std::size_t* written) {
  const auto body = [&](const std::byte* place, std::size_t size) {
    return give_attribute(place, size, to, room, written);
  };
  return about_attribute<Descriptor>(call, attributes, pointer, number, body);
}

// Makes a descriptor in memory of the program.
template <class Opaque, class Descriptor>
cublasStatus_t initialise(const char* call, Opaque* memory, std::size_t bytes,
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
  return library_entry(call, [&] {
    if (!handle) return CUBLAS_STATUS_INVALID_VALUE;
    *handle = new Opaque;
    new (*handle) Descriptor(value);
    return CUBLAS_STATUS_SUCCESS;
  });
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

}  // namespace

extern "C" {

cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t* descriptor,
                                        cublasComputeType_t compute, cudaDataType_t scale) {
  return create("cublasLtMatmulDescCreate", descriptor,
                MatmulDescriptor{.compute_type = compute, .scale_type = scale});
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
cublasStatus_t cublasLtMatmulDescInit_internal(cublasLtMatmulDesc_t descriptor, std::size_t bytes,
                                               cublasComputeType_t compute, cudaDataType_t scale) {
  return initialise("cublasLtMatmulDescInit", descriptor, bytes,
                    MatmulDescriptor{.compute_type = compute, .scale_type = scale});
}
cublasStatus_t cublasLtMatmulDescGetAttribute(cublasLtMatmulDesc_t descriptor,
                                              cublasLtMatmulDescAttributes_t attribute, void* to,
                                              std::size_t room, std::size_t* written) {
  return get<MatmulDescriptor>("cublasLtMatmulDescGetAttribute", kMatmul, descriptor, attribute, to,
                               room, written);
}

cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t* layout, cudaDataType type,
                                          std::uint64_t rows, std::uint64_t columns,
                                          std::int64_t ld) {
  return create("cublasLtMatrixLayoutCreate", layout,
                LayoutDescriptor{.type = type, .rows = rows, .columns = columns, .ld = ld});
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
cublasStatus_t cublasLtMatrixLayoutInit_internal(cublasLtMatrixLayout_t layout, std::size_t bytes,
                                                 cudaDataType type, std::uint64_t rows,
                                                 std::uint64_t columns, std::int64_t ld) {
  return initialise("cublasLtMatrixLayoutInit", layout, bytes,
                    LayoutDescriptor{.type = type, .rows = rows, .columns = columns, .ld = ld});
}
cublasStatus_t cublasLtMatrixLayoutGetAttribute(cublasLtMatrixLayout_t layout,
                                                cublasLtMatrixLayoutAttribute_t attribute, void* to,
                                                std::size_t room, std::size_t* written) {
  return get<LayoutDescriptor>("cublasLtMatrixLayoutGetAttribute", kLayout, layout, attribute, to,
                               room, written);
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
cublasStatus_t cublasLtMatmulPreferenceInit_internal(cublasLtMatmulPreference_t preference,
                                                     std::size_t bytes) {
  return initialise("cublasLtMatmulPreferenceInit", preference, bytes, PreferenceDescriptor{});
}
cublasStatus_t cublasLtMatmulPreferenceGetAttribute(cublasLtMatmulPreference_t preference,
                                                    cublasLtMatmulPreferenceAttributes_t attribute,
                                                    void* to, std::size_t room,
                                                    std::size_t* written) {
  return get<PreferenceDescriptor>("cublasLtMatmulPreferenceGetAttribute", kPreference, preference,
                                   attribute, to, room, written);
}

}  // extern "C"
