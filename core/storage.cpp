// SPDX-License-Identifier: MIT
#include <kindling/core/command.h>
#include <kindling/core/pool.h>
#include <kindling/core/recorder.h>
#include <kindling/core/storage.h>

#include <new>

namespace kindling::detail {

kernels::Backend& backend_of(Device device) {
  if (device.is_cpu()) return kernels::cpu::backend();
  kernels::Backend* backend = kernels::cuda::backend(device.index());
  if (backend == nullptr) {
    throw DeviceError(
        message("device ", device, ": ", kernels::cuda::why_unavailable(device.index())));
  }
  return *backend;
}

std::atomic<std::uint64_t> repointed_storages{0};

Storage::Storage() noexcept = default;
Storage::~Storage() = default;

Storage* Storage::make() { return new (pool_allocate(sizeof(Storage))) Storage(); }

void Storage::destroy(Storage* storage) noexcept {
  storage->release_data();
  storage->~Storage();
  pool_deallocate(storage, sizeof(Storage));
}

void Storage::release_data() noexcept {
  if (pool) {
    pool->release(*this);
    pool.reset();
  } else if (owns_data) {
    backend_of(device).deallocate(data, static_cast<std::size_t>(bytes()));
  }
  owns_data = false;
  arena.reset();
}

Intrusive<Storage> Storage::allocate(std::int64_t numel, DType dtype, Device device) {
  kernels::Backend& backend = backend_of(device);
  Intrusive<Storage> storage(make());
  storage->numel = numel;
  storage->dtype = dtype;
  storage->device = device;
  if (recorder != nullptr) [[unlikely]] {
    storage->data = recorder->pool().allocate(*storage);
    storage->pool = Intrusive<RecordingPool>(&recorder->pool());
  } else {
    storage->data = backend.allocate(static_cast<std::size_t>(storage->bytes()));
  }
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
  repointed_storages.fetch_add(1, std::memory_order_relaxed);
}

Intrusive<Storage> Storage::copy(Device new_device, DType new_dtype) const {
  Intrusive<Storage> copied = allocate(numel, new_dtype, new_device);
  transfer("to", {data, numel, dtype}, device, {copied->data, numel, new_dtype}, new_device);
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
  repointed_storages.fetch_add(1, std::memory_order_relaxed);
}

namespace {

void convert(kernels::Backend& backend, View source, View target) {
  kernels::run(backend, contiguous_copy(source, target));
}

std::size_t bytes_of(const View& view) {
  return static_cast<std::size_t>(view.numel * size_of(view.dtype));
}

Intrusive<Storage> temporary(const View& like, DType dtype, Device device) {
  return Storage::allocate(like.numel, dtype, device);
}

}  // namespace

void copy_from_host(const char* op, View host, View target, Device to) {
  check_not_capturing(
      op, "it reads memory of the host: fill a tensor made before, by copy_() between the steps");
  if (to.is_cpu()) return convert(backend_of(to), host, target);
  if (host.dtype == target.dtype)
    return backend_of(to).upload(target.data, host.data, bytes_of(host));
  const Intrusive<Storage> converted = temporary(host, target.dtype, Device::cpu());
  const View same_dtype{converted->data, host.numel, target.dtype};
  convert(backend_of(Device::cpu()), host, same_dtype);
  backend_of(to).upload(target.data, same_dtype.data, bytes_of(same_dtype));
}

void copy_to_host(const char* op, View source, Device from, View host) {
  check_not_capturing(op, "it reads values on the host: call it after the step");
  if (from.is_cpu()) return convert(backend_of(from), source, host);
  if (source.dtype == host.dtype)
    return backend_of(from).download(host.data, source.data, bytes_of(host));
  const Intrusive<Storage> downloaded = temporary(source, source.dtype, Device::cpu());
  const View same_dtype{downloaded->data, source.numel, source.dtype};
  backend_of(from).download(same_dtype.data, source.data, bytes_of(source));
  convert(backend_of(Device::cpu()), same_dtype, host);
}

void transfer(const char* op, View source, Device from, View target, Device to) {
  if (from == to) return issue_copy(from, source, target);
  check_not_capturing(op, "it copies between devices: move what the step needs before");
  if (from.is_cpu()) return copy_from_host(op, source, target, to);
  if (to.is_cpu()) return copy_to_host(op, source, from, target);
  const Intrusive<Storage> host = temporary(source, target.dtype, Device::cpu());
  const View between{host->data, source.numel, target.dtype};
  copy_to_host(op, source, from, between);
  copy_from_host(op, between, target, to);
}

}  // namespace kindling::detail
