"""NCCL as ranks use it, on one GPU: the collectives of a step, issued and recorded (SegcRealNcclTests)."""
import glob
import importlib.util
import os
import re
import subprocess


def library_folders():
    """Where PyTorch's packages have their NCCL: a machine rarely has another one."""
    try:
        found = importlib.util.find_spec("nvidia.nccl")
    except ImportError:
        return []
    places = found.submodule_search_locations if found else None
    return [os.path.dirname(path) for place in places or [] for path in glob.glob(os.path.join(place, "lib", "libnccl.so.2"))]


def skipped(output):
    """Why the program has skipped its test; empty if it did not."""
    found = re.search(r": Skipped\n(.*)", output)
    return found.group(1) if found else ""


def check(folder, seconds):
    """Runs the test of prepare.py's FOLDER within so many seconds, None for any."""
    places = [os.path.join(folder, "lib"), *os.environ.get("LD_LIBRARY_PATH", "").split(":"), *library_folders()]
    environment = {**os.environ, "LD_LIBRARY_PATH": ":".join(place for place in places if place)}
    try:
        done = subprocess.run([os.path.join(folder, "nccl-tests")], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        return {"error": f"not done after {seconds:.0f} s"}
    except OSError as error:
        return {"error": str(error)}
    if done.returncode:
        return {"error": done.stdout.strip()[-400:] or f"exit code {done.returncode}"}
    reason = skipped(done.stdout)
    return {"skipped": reason} if reason else {"passed": True}


def text(found):
    return "passes" if "passed" in found else "skipped: " + found["skipped"] if "skipped" in found else "FAILED: " + found["error"] if "error" in found else "not run"
