"""Says how many clusters of blocks a GPU runs at a time, by the driver:  cluster_limits.py

A line of JSON for each size of a cluster and shared memory of a block, which let one block or two run on a multiprocessor. Groups of multiprocessors differ
from card to card, so that fewer clusters fit than there are multiprocessors for."""
import ctypes
import json

import cuda_driver

PTX = b""".version 7.8
.target sm_90
.address_size 64
.visible .entry empty() { ret; }
"""
CLUSTER_DIMENSION = 4  # CUlaunchAttributeID
NON_PORTABLE_CLUSTERS = 14  # CUfunction_attribute


class Attribute(ctypes.Structure):
    _fields_ = [("kind", ctypes.c_int), ("padding", ctypes.c_int), ("value", ctypes.c_uint * 16)]


class Config(ctypes.Structure):
    _fields_ = [("grid", ctypes.c_uint * 3), ("block", ctypes.c_uint * 3), ("shared", ctypes.c_uint), ("stream", ctypes.c_void_p),
                ("attributes", ctypes.POINTER(Attribute)), ("count", ctypes.c_uint)]


def clusters(driver, function, size, threads, shared):
    attribute = Attribute(CLUSTER_DIMENSION, 0, (ctypes.c_uint * 16)(size, 1, 1))
    config = Config((size * 256, 1, 1), (threads, 1, 1), shared, driver.stream, ctypes.pointer(attribute), 1)
    count = ctypes.c_int()
    driver.call("cuOccupancyMaxActiveClusters", ctypes.byref(count), function, ctypes.byref(config))
    return count.value


def main():
    driver = cuda_driver.Driver()
    module = driver.load(PTX)
    for shared in (160 << 10, 100 << 10):
        function = driver.function(module, "empty", shared)
        driver.call("cuFuncSetAttribute", function, NON_PORTABLE_CLUSTERS, 1)
        for size in (1, 2, 4, 8, 16):
            print(json.dumps({"blocks_of_cluster": size, "shared_bytes": shared, "clusters": clusters(driver, function, size, 288, shared)}))


if __name__ == "__main__":
    main()
