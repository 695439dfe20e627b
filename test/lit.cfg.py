"""lit configuration shared by all builds; paths come from lit.site.cfg.py."""

import os

import lit.formats

config.name = "segc"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs", "CMakeLists.txt"]
config.test_source_root = os.path.dirname(__file__)

# A test sees the programs of this build and the LLVM tools that CMake found,
# whatever else is installed.
config.substitutions += [
    (r"\bFileCheck\b", config.filecheck),
    (r"\bnot\b", config.not_program),
    (r"%python\b", config.python),
    (r"%segc_source\b", config.segc_source_dir),
]
config.environment["PATH"] = os.pathsep.join(
    [config.segc_bin_dir, config.environment["PATH"]]
)
