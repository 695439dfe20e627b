"""Loses a rank of another host during a training, and such a host in two ways, and checks that the job ends with a
message, that nothing of it is left, and that its checkpoint is whole.

  lost_host.py RESULTS -- COMMAND...
"""

import os
import pathlib
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[4] / "bench" / "scaling"))

import hosts

folder = pathlib.Path(sys.argv[1])
command = sys.argv[3:]
deadline = ["--collective-timeout", "5"]


def processes_with(text):
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if text.encode() in words and b"segrun" in words.split(b"\0")[0]:
                found.append(int(entry.name))
    return found


def kill_rank(host, results):
    """Of the host: it has a network of its own."""
    network = os.readlink(f"/proc/{host.process}/ns/net")
    (rank,) = [number for number in processes_with(results) if os.readlink(f"/proc/{number}/ns/net") == network]
    os.kill(rank, signal.SIGKILL)


def wait_until(is_so, seconds, log):
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.02)


def lose(name, end, ends_by_itself, expected):
    results, log = folder / name, folder / f"{name}.log"
    with hosts.Hosts(2) as two, open(log, "w") as file:
        job = two.start(["mpirun", "-np", 2, *command, *deadline, "--results", results], stdout=file, stderr=file)
        state = results / "checkpoints" / "last" / "state.json"
        wait_until(lambda: state.exists() or job.poll() is not None, 60, log)
        assert job.poll() is None, log.read_text()
        end(two, str(results))
        if ends_by_itself:
            wait_until(lambda: job.poll() is not None, 30, log)
            assert job.poll() != 0, log.read_text()
        wait_until(lambda: re.search(expected, log.read_text()) and not processes_with(str(results)), 30, log)
    # The checkpoint is whole: another host goes on from it.
    resumed = subprocess.run(
        [*command, "--results", results, "--resume", "--max-time", "0.001"], capture_output=True, text=True
    )
    assert resumed.returncode == 0 and " is done; " in resumed.stderr, resumed.stderr


folder.mkdir(parents=True)
place = r"(?:step \d+, (?:bucket \d+ of \d+ \(gradients\)|losses)|comparison of the weights after step \d+|checkpoint of step \d+)"
missing = rf"segrun: rank 0 of 2, {place}: rank 1 does not answer, and this one is asked to end"
lose("rank", lambda two, results: kill_rank(two.hosts[1], results), True, missing)
# The launcher sees the end of its daemon there, or of the connection to it.
lose("power", lambda two, _: two.hosts[1].kill(), True, "daemon")
# The ranks end. Open MPI's launcher waits for its daemon, as long as TCP does.
lose("cable", lambda two, _: two.switch.run("ip", "link", "set", "port2", "down"), False, "has not answered for 5 s")
