// SPDX-License-Identifier: MIT
#include <kindling/core/command.h>
#include <kindling/core/pool.h>
#include <kindling/core/storage.h>

#include <new>

namespace kindling::detail {

kernels::Backend& backend_of(Device device) {
  if (device.is_cpu()) return kernels::cpu::backend();
  kernels::Backend* backend = kernels::cuda::backend(device.index());
  if (backend == nullptr) {
    throw DeviceError(message("device ", device, ": not available: this build or machine has no ",
                              "such GPU: use Device::cpu(), or ask cuda::is_available()"));
  }
  return *backend;
}

Storage* Storage::make() { return new (pool_allocate(sizeof(Storage))) Storage(); }

void Storage::destroy(Storage* storage) noexcept {
  storage->release_data();
  storage->~Storage();
  pool_deallocate(storage, sizeof(Storage));
}

void Storage::release_data() noexcept {
  if (owns_data) backend_of(device).deallocate(data, static_cast<std::size_t>(bytes()));
  owns_data = false;
  arena.reset();
}

Intrusive<Storage> Storage::allocate(std::int64_t numel, DType dtype, Device device) {
  kernels::Backend& backend = backend_of(device);
  Intrusive<Storage> storage(make());
  storage->numel = numel;
  storage->dtype = dtype;
  storage->device = device;
  storage->data = backend.allocate(static_cast<std::size_t>(storage->bytes()));
  storage->owns_data = true;
  return storage;
}

Intrusive<Storage> Storage::borrow(void* data, std::int64_t numel, DType dtype) {
  Intrusive<Storage> storage(make());
  storage->data = data;
  storage->numel = numel;
  storage->dtype = dtype;
  return storage;
}

Intrusive<Storage> Storage::within(Intrusive<Storage> arena, std::int64_t offset,
                                   std::int64_t numel) {
  Intrusive<Storage> storage(make());
  storage->data = static_cast<char*>(arena->data) + offset * size_of(arena->dtype);
  storage->numel = numel;
  storage->dtype = arena->dtype;
  storage->device = arena->device;
  storage->arena = std::move(arena);
  return storage;
}

void Storage::move_into(Intrusive<Storage> new_arena, std::int64_t offset) {
  void* place = static_cast<char*>(new_arena->data) + offset * size_of(dtype);
  issue_copy(device, {data, numel, dtype}, {place, numel, dtype});
  release_data();
  data = place;
  arena = std::move(new_arena);
}

Intrusive<Storage> Storage::copy(Device new_device, DType new_dtype) const {
  Intrusive<Storage> copied = allocate(numel, new_dtype, new_device);
  transfer({data, numel, dtype}, device, {copied->data, numel, new_dtype}, new_device);
  return copied;
}

void Storage::take(Storage& other) noexcept {
  release_data();
  data = other.data;
  dtype = other.dtype;
  device = other.device;
  owns_data = std::exchange(other.owns_data, false);
  optimizer = 0;
  ++version;
}

void transfer(View source, Device from, View target, Device to) {
  if (from == to) return issue_copy(from, source, target);
  if (source.dtype != target.dtype) {
    // Converts where the source is, then moves.
    const Intrusive<Storage> converted = Storage::allocate(source.numel, target.dtype, from);
    const View same_dtype{converted->data, source.numel, target.dtype};
    issue_copy(from, source, same_dtype);
    return transfer(same_dtype, from, target, to);
  }
  const auto bytes = static_cast<std::size_t>(source.numel * size_of(source.dtype));
  if (from.is_cpu()) {
    backend_of(to).upload(target.data, source.data, bytes);
  } else if (to.is_cpu()) {
    backend_of(from).download(target.data, source.data, bytes);
  } else {
    const Intrusive<Storage> host = Storage::allocate(source.numel, source.dtype, Device::cpu());
    backend_of(from).download(host->data, source.data, bytes);
    backend_of(to).upload(target.data, host->data, bytes);
  }
}

}  // namespace kindling::detail
