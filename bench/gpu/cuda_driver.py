"""The NVIDIA driver by ctypes: memory, modules and launches on the first GPU. Needs the driver alone."""
import ctypes
import struct

MAX_DYNAMIC_SHARED_MEMORY = 8  # CUfunction_attribute
CAPABILITY_MAJOR, CAPABILITY_MINOR = 75, 76  # CUdevice_attribute
ERROR_LOG, ERROR_LOG_BYTES = 5, 6  # CUjit_option
TENSOR_TYPES = {"f16": 6, "f32": 7, "bf16": 9}  # CUtensorMapDataType
SWIZZLES = {0: 0, 32: 1, 64: 2, 128: 3}  # CUtensorMapSwizzle
PROMOTION_256 = 3  # CUtensorMapL2promotion


class Failure(Exception):
    """A call of the driver that failed."""


class Driver:
    def __init__(self, library="libcuda.so.1"):
        self.library, self.functions = ctypes.CDLL(library), {}
        self.functions["cuInit"] = self.library.cuInit
        self.call("cuInit", 0)
        self.device, context, value = ctypes.c_int(), ctypes.c_void_p(), ctypes.c_int()
        self.call("cuDeviceGet", ctypes.byref(self.device), 0)
        self.call("cuDevicePrimaryCtxRetain", ctypes.byref(context), self.device)
        self.call("cuCtxPushCurrent", context)
        self.stream = ctypes.c_void_p()
        self.call("cuStreamCreate", ctypes.byref(self.stream), 1)  # waits for no other stream
        digits = []
        for attribute in (CAPABILITY_MAJOR, CAPABILITY_MINOR):
            self.call("cuDeviceGetAttribute", ctypes.byref(value), attribute, self.device)
            digits.append(value.value)
        self.capability = 10 * digits[0] + digits[1]

    def find(self, name):
        """The function of CUDA 12.0 with that name."""
        if name not in self.functions:
            address, status = ctypes.c_void_p(), ctypes.c_int()
            find = self.library.cuGetProcAddress_v2
            if find(name.encode(), ctypes.byref(address), 12000, ctypes.c_uint64(0), ctypes.byref(status)) or not address.value:
                raise Failure(f"the driver has no {name}")
            self.functions[name] = ctypes.CFUNCTYPE(ctypes.c_int)(address.value)
        return self.functions[name]

    def call(self, name, *arguments):
        result = self.find(name)(*arguments)
        if result:
            text = ctypes.c_char_p()
            self.find("cuGetErrorString")(result, ctypes.byref(text))
            raise Failure(f"{name}: {text.value.decode() if text.value else 'error'} ({result})")

    def runs(self, version):
        """Whether the GPU runs PTX for a version."""
        capability = int(version.removeprefix("sm_").rstrip("a"))
        return capability == self.capability if version.endswith("a") else capability <= self.capability

    def allocate(self, size):
        address = ctypes.c_uint64()
        self.call("cuMemAlloc", ctypes.byref(address), ctypes.c_size_t(size))
        return address.value

    def free(self, address):
        self.call("cuMemFree", ctypes.c_uint64(address))

    def write(self, address, data):
        self.call("cuMemcpyHtoDAsync", ctypes.c_uint64(address), data, ctypes.c_size_t(len(data)), self.stream)
        self.wait()

    def read(self, address, size):
        data = ctypes.create_string_buffer(size)
        self.call("cuMemcpyDtoHAsync", data, ctypes.c_uint64(address), ctypes.c_size_t(size), self.stream)
        self.wait()
        return data.raw

    def wait(self):
        self.call("cuStreamSynchronize", self.stream)

    def load(self, ptx):
        module, log = ctypes.c_void_p(), ctypes.create_string_buffer(8192)
        options = (ctypes.c_int * 2)(ERROR_LOG, ERROR_LOG_BYTES)
        values = (ctypes.c_void_p * 2)(ctypes.addressof(log), len(log) - 1)
        try:
            self.call("cuModuleLoadDataEx", ctypes.byref(module), ptx + b"\0", 2, options, values)
        except Failure as failure:
            raise Failure(f"{failure}: {log.value.decode(errors='replace')}") from None
        return module

    def unload(self, module):
        self.call("cuModuleUnload", module)

    def function(self, module, name, shared):
        function = ctypes.c_void_p()
        self.call("cuModuleGetFunction", ctypes.byref(function), module, name.encode())
        if shared > 48 * 1024:
            self.call("cuFuncSetAttribute", function, MAX_DYNAMIC_SHARED_MEMORY, shared)
        return function

    def tensor_map(self, described, address):
        """A CUtensorMap of what a case says, in memory that is aligned as it must be."""
        memory = ctypes.create_string_buffer(128 + 64)
        at = (ctypes.addressof(memory) + 63) // 64 * 64
        rank = len(described["sizes"])
        self.call("cuTensorMapEncodeTiled", ctypes.c_void_p(at), TENSOR_TYPES[described["type"]], rank,
                  ctypes.c_void_p(address + described["offset"]), (ctypes.c_uint64 * rank)(*described["sizes"]),
                  (ctypes.c_uint64 * rank)(*described["strides"][1:]), (ctypes.c_uint32 * rank)(*described["box"]),
                  (ctypes.c_uint32 * rank)(*described["steps"]), 0, SWIZZLES[described["swizzle"]], PROMOTION_256, 0)
        return memory, at

    def launch(self, function, blocks, threads, shared, addresses, samples, maps):
        """The parameters are the addresses, the number of samples, and the tensor maps."""
        if not blocks:
            return
        numbers = struct.pack(f"<{len(addresses)}Qq", *addresses, samples)
        values = ctypes.create_string_buffer(numbers, len(numbers))
        places = [ctypes.addressof(values) + 8 * i for i in range(len(addresses) + 1)] + [at for _, at in maps]
        self.call("cuLaunchKernel", function, blocks, 1, 1, threads, 1, 1, shared, self.stream, (ctypes.c_void_p * len(places))(*places), None)
