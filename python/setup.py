# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The wheel is of a platform, and of no version of Python: what it carries is
called by ctypes. scripts/wheel sets version, maintainer and platform."""

import os
import re

from setuptools import Distribution, setup
from wheel.bdist_wheel import bdist_wheel


class PlatformWheel(bdist_wheel):
    def get_tag(self):
        return "py3", "none", os.environ["SEGC_WHEEL_PLATFORM"]


class PlatformDistribution(Distribution):
    def has_ext_modules(self):
        return True


maintainer, address = re.fullmatch(r"(.*) <(.*)>", os.environ["SEGC_WHEEL_MAINTAINER"]).groups()
setup(version=os.environ["SEGC_WHEEL_VERSION"], maintainer=maintainer, maintainer_email=address, distclass=PlatformDistribution,
      cmdclass={"bdist_wheel": PlatformWheel})
