"""Runs a command and prints its exit code and what it wrote to stderr."""

import subprocess
import sys

result = subprocess.run(sys.argv[1:], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
print("exit code", result.returncode)
print(result.stderr, end="")
