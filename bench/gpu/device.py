"""Holds the kernels of SegcDeviceCases against the reference evaluation, on a GPU:  device.py FOLDER [--json FILE] [--seconds N] [--jobs N]

Every case: the results lie in the intervals that the reference and its perturbed evaluations give, three runs have equal bits, inputs and the memory around
each operand stay as they are. Needs the NVIDIA driver and Python. Processes of their own, N at a time, run the cases, and another goes on after a kernel
that faults or never ends."""
import argparse
import concurrent.futures
import json
import os
import queue
import subprocess
import sys
import threading

import cuda_driver
import kernel_case

GUARD = 256
RUNS = 3


class Buffer:
    """Memory of an operand between two guards. All its bits are ones, a NaN of each type, unless it has data."""

    def __init__(self, driver, size, data=None):
        self.driver, self.size, self.data = driver, size, data
        self.start = driver.allocate(size + 2 * GUARD)
        self.address = self.start + GUARD
        self.reset()

    def reset(self):
        body = b"\xff" * self.size if self.data is None else self.data
        self.driver.write(self.start, b"\xff" * GUARD + body + b"\xff" * GUARD)

    def read(self):
        """The bytes; None if the guards were written."""
        held = self.driver.read(self.start, self.size + 2 * GUARD)
        return held[GUARD:-GUARD] if held[:GUARD] + held[-GUARD:] == b"\xff" * (2 * GUARD) else None


class Operands:
    def __init__(self, driver, case):
        def bytes_of(described):
            return kernel_case.elements(described["shape"]) * kernel_case.BYTES[described["type"]]

        self.inputs = [Buffer(driver, bytes_of(i), kernel_case.draw(i)) for i in case["inputs"]]
        self.results = [Buffer(driver, bytes_of(r)) for r in case["results"]]
        self.temporaries = [Buffer(driver, size) for size in case["temporaries"]]
        self.all = self.inputs + self.results + self.temporaries

    def fault(self):
        for number, buffer in enumerate(self.all):
            held = buffer.read()
            if held is None:
                return f"memory around operand {number} was written"
            if buffer.data is not None and held != buffer.data:
                return f"input {number} was written"
        return ""

    def free(self):
        for buffer in self.all:
            buffer.driver.free(buffer.start)


def check(driver, folder, case):
    with open(os.path.join(folder, case["name"] + ".ptx"), "rb") as file:
        module = driver.load(file.read().rstrip(b"\0"))
    operands = Operands(driver, case)
    addresses = [buffer.address for buffer in operands.all]
    launches = [(launch, driver.function(module, launch["kernel"], launch["shared"]),
                 [driver.tensor_map(described, addresses[described["operand"]]) for described in launch["maps"]]) for launch in case["launches"]]
    runs = []
    for _ in range(RUNS):
        for buffer in operands.results + operands.temporaries:
            buffer.reset()
        for launch, function, maps in launches:
            driver.launch(function, launch["blocks"], launch["threads"], launch["shared"], addresses, case["batch"], maps)
        driver.wait()
        runs.append([buffer.read() for buffer in operands.results])
    faults, worst = [operands.fault()], 0.0
    if any(run != runs[0] for run in runs):
        faults.append("runs have different bits")
    if not any(faults):
        for described, data, expected in zip(case["results"], runs[0], kernel_case.read_expected(folder, case)):
            fault, used = expected.fault(kernel_case.decode(data, described["type"]))
            faults.append(fault)
            worst = max(worst, used)
    operands.free()
    driver.unload(module)
    fault = next(filter(None, faults), "")
    return {"fault": fault} if fault else {"of_bound": worst}


def work(folder, cases):
    """The process that runs cases: a line of JSON when one begins and when it is done."""
    driver = cuda_driver.Driver()
    for case in cases:
        print(json.dumps({"begins": case["name"]}), flush=True)
        if not driver.runs(case["version"]):
            print(json.dumps({"skipped": f"the GPU is no {case['version']}"}), flush=True)
            continue
        try:
            print(json.dumps(check(driver, folder, case)), flush=True)
        except (cuda_driver.Failure, ValueError) as failure:
            # After a fault the process can use the GPU no more.
            print(json.dumps({"fault": str(failure)}), flush=True)
            raise SystemExit(0) from None


class Worker:
    """The process for these cases."""

    def __init__(self, folder, numbers, seconds):
        self.seconds, self.lines = seconds, queue.Queue()
        command = [sys.executable, os.path.abspath(__file__), folder, "--cases", ",".join(map(str, numbers))]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(json.loads(line))
        self.lines.put(None)

    def next(self):
        """What it says next; a fault instead if it ends or says nothing for too long."""
        try:
            said = self.lines.get(timeout=self.seconds)
        except queue.Empty:
            return {"fault": f"not done after {self.seconds:g} s"}
        return said or {"fault": (self.process.stderr.read().strip().splitlines() or ["the process ended"])[-1]}

    def close(self):
        self.process.kill()
        self.process.communicate()


def run_share(folder, cases, numbers, seconds, record):
    """Runs the cases with these numbers; `record` takes a number and what is said of the case."""
    worker = None
    for place, number in enumerate(numbers):
        worker = worker or Worker(folder, numbers[place:], seconds)
        said = worker.next()
        if "begins" in said:
            said = worker.next()
        record(number, said)
        if said.get("fault"):
            worker.close()
            worker = None
    if worker:
        worker.close()


def run(folder, cases, seconds, jobs):
    records = [None] * len(cases)

    def record(number, said):
        case = cases[number]
        found = {key: case[key] for key in ("name", "version", "kind", "op", "types", "multiplied", "origin")} | said
        found["passed"] = not said.get("fault") and "skipped" not in said
        records[number] = found
        print(json.dumps(found), flush=True)

    shares = [range(job, len(cases), jobs) for job in range(jobs)]
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for done in [pool.submit(run_share, folder, cases, share, seconds, record) for share in shares]:
            done.result()
    return records


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--json")
    parser.add_argument("--seconds", type=float, default=120, help="limit of a case")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--cases", help=argparse.SUPPRESS)
    options = parser.parse_args()
    with open(os.path.join(options.folder, "cases.json")) as file:
        listed = json.load(file)
    if options.cases is not None:
        work(options.folder, [listed["cases"][int(number)] for number in options.cases.split(",") if number])
        return
    records = run(options.folder, listed["cases"], options.seconds, options.jobs)
    failed = sum(bool(record.get("fault")) for record in records)
    skipped = sum("skipped" in record for record in records)
    print(f"{len(records) - failed - skipped} passed, {failed} failed, {skipped} skipped")
    if options.json:
        with open(options.json, "w") as file:
            json.dump({"records": records, "omitted": listed["omitted"]}, file, indent=1)
    raise SystemExit(1 if failed else 0)


if __name__ == "__main__":
    main()
