"""What run.py takes for an agreement, and how it times beside others:  python3 -m unittest test_gpu"""
import math
import os
import sys
import tempfile
import unittest

import models
import nccl
import peers
import report

CASE = {"name": "case", "precision": "f32", "classes": 3, "batch": 2,
        "inputs": [{"shape": [2, 4, 4, 1]}, {"shape": [2, 4, 4]}]}


class Runner:
    """Answers of a device and of the processor."""

    def __init__(self, work):
        self.work = work
        self.losses = {"cuda": [1.0, 0.9, 0.8, 0.7, 0.6], "cpu": [1.0, 0.9, 0.8, 0.7, 0.6]}
        self.probabilities = {"cuda": [0.25, 0.75], "cpu": [0.25, 0.75]}
        self.weights = iter([b"same", b"same", b"same"])

    def train(self, case, device, name):
        return self.losses[device], next(self.weights)

    def predict(self, case, device):
        return self.probabilities[device]


class Compare(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.runner = Runner(folder.name)

    def agrees(self):
        return models.compare(CASE, self.runner, "cuda")["agrees"]

    def test_equal(self):
        self.assertTrue(self.agrees())
        batches = models.read_floats(os.path.join(self.runner.work, "case.safetensors"))
        self.assertEqual([len(batches[f"image_{i}"]) for i in range(models.BATCHES)], [32] * models.BATCHES)

    def test_within_the_bound(self):
        self.runner.losses["cuda"][4] *= 1.0009
        self.assertTrue(self.agrees())

    def test_losses(self):
        self.runner.losses["cuda"][4] *= 1.002
        self.assertFalse(self.agrees())

    def test_missing_losses(self):
        self.runner.losses["cuda"].pop()
        self.assertFalse(self.agrees())

    def test_nan(self):
        for place in (self.runner.losses["cuda"], self.runner.probabilities["cuda"]):
            kept, place[-1] = place[-1], math.nan
            self.runner.weights = iter([b"same"] * 3)
            self.assertFalse(self.agrees())
            place[-1] = kept

    def test_probabilities(self):
        self.runner.probabilities["cuda"][1] -= 0.01
        self.assertFalse(self.agrees())

    def test_bytes(self):
        self.runner.weights = iter([b"same", b"other", b"same"])
        self.assertFalse(self.agrees())


FAKE = """
import sys, time
sys.path.insert(0, {here!r})
import peers
peers.serve(lambda: lambda: time.sleep(0.001))
"""


class Peer(unittest.TestCase):
    """Programs that time others."""

    def start(self, text, seconds=60):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        program = os.path.join(folder.name, "peer.py")
        with open(program, "w") as file:
            file.write(text)
        peer = peers.Peer([sys.executable, program], os.path.join(folder.name, "log"), lambda: seconds)
        self.addCleanup(peer.close)
        return peer

    def test_steps(self):
        peer = self.start(FAKE.format(here=peers.HERE))
        self.assertGreater(peer.answer()["ready_seconds"], 0)
        for _ in range(2):
            self.assertGreaterEqual(peer.milliseconds(3), 1)

    def test_a_program_that_fails(self):
        peer = self.start("print('hello'); raise SystemExit('no such GPU')")
        with self.assertRaisesRegex(models.Failure, "exit code 1: no such GPU"):
            peer.answer()

    def test_no_time(self):
        peer = self.start("import time; time.sleep(60)", seconds=0.2)
        with self.assertRaisesRegex(models.Failure, "no time left"):
            peer.answer()


class Nccl(unittest.TestCase):
    """What becomes of the test's program."""

    def check(self, script, seconds=60):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        program = os.path.join(folder.name, "nccl-tests")
        with open(program, "w") as file:
            file.write("#!/bin/sh\n" + script)
        os.chmod(program, 0o755)
        return nccl.text(nccl.check(folder.name, seconds))

    def test_outcomes(self):
        self.assertEqual(self.check("echo '[  PASSED  ] 1 test.'"), "passes")
        self.assertEqual(self.check("printf 'RealNcclTest.cpp:31: Skipped\\nnccl: no libnccl.so.2\\n'"), "skipped: nccl: no libnccl.so.2")
        self.assertEqual(self.check("echo 'value 3: 1, expected 2'; exit 1"), "FAILED: value 3: 1, expected 2")
        self.assertEqual(self.check("exec sleep 60", 0.2), "FAILED: not done after 0 s")

    def test_carried_libraries_come_first(self):
        self.assertRegex(self.check("echo $LD_LIBRARY_PATH; exit 1"), r"^FAILED: [^:]*/lib(:|$)")

    def test_a_folder_without_the_program(self):
        self.assertIn("No such file", nccl.text(nccl.check("/nowhere", None)))


def record(name, kind, **said):
    return {"name": name, "version": "sm_80", "kind": kind, "op": "seg.conv", "types": "f32", "multiplied": "f32", "origin": "o", **said,
            "passed": not said.get("fault") and "skipped" not in said}


class Report(unittest.TestCase):
    RESULTS = {"device": "GPU", "commit": "c", "seconds": 1, "cut": False, "kernels": {"records": [record("003", "mma", fault="element 7 is 2.0, expected 0.5 to 1.0"), record("004", "mma"),
                                        record("005", "gemm", of_bound=0.25), record("006", "wgmma", skipped="the GPU is no sm_90a")],
                            "omitted": [record("", "adam")]},
               "nccl": {"skipped": "no NCCL"},
               "comparisons": [{"name": "m", "error": "a|b"}, {"name": "n", "agrees": False, "equal_bytes": True, "loss_deviation": 1, "probability_deviation": 2}],
               "contests": [{"name": "m", "mode": "train", "batch": 4, "ours_ms": [3, 2, 1], "peers": {"A": {"ms": [4, 6]}, "B": {"failed": "out of memory"}}},
                            {"name": "n", "mode": "predict", "batch": 1, "error": "no"}]}

    def test_markdown(self):
        text = report.markdown(self.RESULTS)
        for expected in ("| adam | seg.conv | f32 | f32 |  | 0 of 0 |  | no, has no case |", "| gemm | seg.conv | f32 | f32 | sm_80 | 1 of 1 | 0.25 | yes |",
                         "| mma | seg.conv | f32 | f32 | sm_80 | 1 of 2 | 0.00 | NO |", "| wgmma | seg.conv | f32 | f32 |  | 0 of 0 |  | no, not run |",
                         "- FAILED: 003 (mma seg.conv, o): failed: element 7 is 2.0, expected 0.5 to 1.0", "| m | failed: a/b |", "| n | NO | yes |", "| m | train | 4 | 2.00 | 2000.0 | 5.00 | 2.50 | failed: out of memory |  |",
                         "in a recorded graph: skipped: no NCCL.", "| n | predict | 1 | failed: no |"):
            self.assertIn(expected, text)


if __name__ == "__main__":
    unittest.main()
