"""Networks in other frameworks beside ours: programs that prepare once and time steps when they are asked, between ours.

Such a program prints a line of JSON when it is ready, {"ready_seconds"}; for each line of its input, a number of steps, it prints
{"p50_ms"}, until the input ends."""
import json
import os
import queue
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


def contest(runner, case, batch, mode, device, peers, rounds=3, steps=20):
    """Medians of ours and of each peer, in turn. A peer's memory is free before the next one starts."""
    row = {"name": case["name"], "network": case["peer"], "precision": case["precision"], "batch": batch, "mode": mode, "ours_ms": [], "peers": {}}

    def ours():
        row["ours_ms"].append(runner.milliseconds(case, device, mode, batch, steps))

    # A variant of a model has no peers of its own.
    for name, program, words, _ in peers if case["peer"] else []:
        command = [sys.executable, os.path.join(HERE, program), case["peer"], "--batch", str(batch), "--mode", mode, "--precision", case["precision"],
                   *(os.path.join(HERE, word) if word.endswith(".json") else word for word in words)]
        environment = dict(os.environ, PYTHONPATH=os.path.join(HERE, "networks"))
        peer = Peer(command, os.path.join(runner.work, "peer.log"), runner.remaining, environment)
        try:
            record = {"ready_seconds": peer.answer()["ready_seconds"], "ms": []}
            for _ in range(rounds):
                ours()
                record["ms"].append(peer.milliseconds(steps))
        except models.Failure as failure:
            record = {"failed": str(failure)}
        finally:
            peer.close()
        row["peers"][name] = record
    if not row["ours_ms"]:
        ours()
    return row
