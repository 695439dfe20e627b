"""lit configuration shared by all builds; paths come from lit.site.cfg.py."""

import os
import shutil
import subprocess

import lit.formats

config.name = "segc"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs", "CMakeLists.txt"]
config.test_source_root = os.path.dirname(__file__)

# Opens what `segc compile --report` writes.
browsers = map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))
chromium = next(filter(None, browsers), None)
if chromium:
    config.available_features.add("chromium")
    config.substitutions.append((r"%chromium\b", chromium))
else:
    lit_config.note(
        "no Chromium (Debian: chromium): the tests that open pages are unsupported"
    )

# A test sees the programs of this build and the LLVM tools that CMake found,
# whatever else is installed.
config.substitutions += [
    (r"\bFileCheck\b", config.filecheck),
    (r"\bnot\b", config.not_program),
    (r"%clang\b", config.clang),
    (r"%python\b", config.python),
    (r"%readelf\b", config.readelf),
    (r"%segc_bin\b", config.segc_bin_dir),
    (r"%segc_source\b", config.segc_source_dir),
    (r"%plugins\b", os.path.join(config.test_exec_root, "plugins")),
    (r"%random_networks\b", config.random_networks),
    (r"%device_cases\b", config.device_cases),
    (r"%fake_cuda\b", config.fake_cuda),
    (r"%ptxas\b", config.ptxas),
]
# The PTX of GPU kernels is assembled where a CUDA toolkit is there.
if config.ptxas:
    config.available_features.add("ptxas")
else:
    lit_config.note("ptxas not found: Codegen/GPU/ptxas.test is skipped")
# ONNX files are read and written where libonnx was there.
if config.has_onnx in ("1", "TRUE"):
    config.available_features.add("onnx")
else:
    lit_config.note("no ONNX (Debian: libonnx-dev): Driver/exchange.test is unsupported")
# Ranks are started where segc was built with an MPI.
if os.path.exists(os.path.join(config.segc_bin_dir, "segc-mpi.so")) and shutil.which("mpirun"):
    config.available_features.add("mpi")
else:
    lit_config.note("no MPI: the tests of several ranks are unsupported")
# Models for aarch64 run in an emulator.
if shutil.which("qemu-aarch64") and shutil.which("aarch64-linux-gnu-gcc"):
    config.available_features.add("aarch64")
else:
    lit_config.note("no qemu-aarch64 or aarch64-linux-gnu-gcc: models for aarch64 are not run")
# Several hosts are network namespaces of this machine, which root may make.
# They may be nodes of a Slurm cluster.
for program, feature in (("hosts", "namespaces"), ("slurm", "slurm")):
    check = subprocess.run(
        [config.python, os.path.join(config.segc_source_dir, f"bench/scaling/{program}.py"), "--check"],
        capture_output=True, text=True,
    )
    if check.returncode == 0:
        config.available_features.add(feature)
    else:
        lit_config.note(f"no {feature}: " + check.stderr.strip())
# Kernels for instructions that this processor lacks are compiled, not run.
with open("/proc/cpuinfo") as cpuinfo:
    if "avx512_fp16" not in cpuinfo.read():
        config.available_features.add("lacks-avx512fp16")
config.environment["PATH"] = os.pathsep.join(
    [config.segc_bin_dir, config.environment["PATH"]]
)
