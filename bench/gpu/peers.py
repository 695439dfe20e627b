"""Networks in other frameworks beside ours: programs that prepare once and time steps when they are asked, between ours.

Such a program prints a line of JSON when it is ready, {"ready_seconds"}; for each line of its input, a number of steps, it prints
{"p50_ms"}, until the input ends."""
import json
import os
import queue
import re
import statistics
import subprocess
import sys
import threading
import time

import models

# name, program, options, module that must be importable
PEERS = [
    ("PyTorch, CUDA graph", "torch_peer.py", ["--variant", "graph"], "torch"),
    ("PyTorch, compile", "torch_peer.py", ["--variant", "compile"], "torch"),
    ("JAX", "jax_peer.py", ["--parameters", "models.json"], "jax"),
]
HERE = os.path.dirname(os.path.abspath(__file__))


def add_arguments(parser):
    parser.add_argument("network")
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--mode", choices=("train", "predict"), required=True)
    parser.add_argument("--precision", choices=("f32", "tf32", "f16", "bf16"), required=True)
    parser.add_argument("--device", default="cuda")


def serve(make, synchronize=lambda: None):
    """The program's side: `make()` returns a step, which `synchronize()` ends."""
    begin = time.perf_counter()
    step = make()
    for _ in range(3):
        step()
    synchronize()
    print(json.dumps({"ready_seconds": time.perf_counter() - begin}), flush=True)
    for line in sys.stdin:
        times = []
        for _ in range(int(line)):
            begin = time.perf_counter()
            step()
            synchronize()
            times.append((time.perf_counter() - begin) * 1e3)
        print(json.dumps({"p50_ms": statistics.median(times)}), flush=True)


class Peer:
    """A running program. Its errors are the end of what it wrote to `log`."""

    def __init__(self, command, log, remaining, environment=None):
        self.remaining, self.log, self.lines = remaining, log, queue.Queue()
        with open(log, "w") as errors:
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put("")

    def answer(self):
        while True:
            try:
                line = self.lines.get(timeout=self.remaining())
            except queue.Empty:
                raise models.Failure("no time left") from None
            if not line:
                with open(self.log) as file:
                    raise models.Failure("exit code %s: %s" % (self.process.wait(), file.read().strip()[-400:]))
            try:
                found = json.loads(line)
            except ValueError:
                continue  # What the framework says.
            if isinstance(found, dict):
                return found

    def milliseconds(self, steps):
        try:
            self.process.stdin.write(f"{steps}\n")
            self.process.stdin.flush()
        except OSError:
            pass  # It has ended: answer() says why.
        return self.answer()["p50_ms"]

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


def available(peers, device):
    """Those that can be imported and see the GPU; what is missing is said."""
    test = {"torch": "import torch; assert torch.cuda.is_available()", "jax": "import jax; assert jax.devices('gpu')"}
    found, known = [], {}
    for peer in peers:
        module = peer[3]
        if module not in known:
            ran = subprocess.run([sys.executable, "-c", test[module]], stderr=subprocess.PIPE, text=True) if device.startswith("cuda") else None
            known[module] = ran is not None and ran.returncode == 0
            if not known[module]:
                why = ran.stderr.strip().splitlines()[-1:] if ran else ["not on " + device]
                print(f"{module} is left out: {''.join(why)}", flush=True)
        if known[module]:
            found.append(peer)
    return found


class Rival:
    """One peer for one row: a program that prepares once."""

    def __init__(self, name, program, words, case, batch, mode):
        self.name, self.peer = name, None
        self.command = [sys.executable, os.path.join(HERE, program), case["peer"], "--batch", str(batch), "--mode", mode, "--precision", case["precision"],
                        *(os.path.join(HERE, word) if word.endswith(".json") else word for word in words)]
        self.log = f"{case['name']}-{mode}-{batch}-{re.sub('[^a-z]+', '-', name.lower())}.log"

    def start(self, runner):
        environment = dict(os.environ, PYTHONPATH=os.path.join(HERE, "networks"))
        self.peer = Peer(self.command, os.path.join(runner.work, self.log), runner.remaining, environment)
        self.record = {}

    def wait(self):
        """Until it is ready, or has failed."""
        try:
            self.record = {"ready_seconds": self.peer.answer()["ready_seconds"], "ms": []}
        except models.Failure as failure:
            self.record = {"failed": str(failure)}

    def contest(self, ours, rounds, steps):
        """Its median beside ours, in turn, `rounds` times, until it fails."""
        for _ in range(rounds):
            if "failed" in self.record:
                break
            ours()
            try:
                self.record["ms"].append(self.peer.milliseconds(steps))
            except models.Failure as failure:
                self.record = {"failed": str(failure)}
        return self.record
