# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Several hosts on one machine, joined by a switch: network namespaces.

  hosts.py [--hosts N] [--slots N] [--rate RATE] -- COMMAND...
  hosts.py --hosts 2 --rate 1gbit -- mpirun -np 2 segrun train ...
  hosts.py --hosts 2 --each -- segrun predict ...

COMMAND runs on a login host that is joined to the same switch; Open MPI's
mpirun takes from its environment which hosts there are, and enters them where
it would use ssh. Hosts have names, addresses and processes of their own, and
share the file system. With --each it runs as a rank on each host, with the
variables of Slurm's srun; one that ends leaves the others alone. RATE is that of each host in each direction (tc tbf).
Needs root. Namespaces end with their first process, and that one with this
program, however it ends: nothing is left.
"""

import argparse
import ctypes
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile

PROGRAMS = ("ip", "tc", "unshare", "nsenter")
# 64 KiB are what the kernel hands to a device at once. More let short messages
# pass faster than the rate.
BURST_BYTES = 128 << 10
LIBC = ctypes.CDLL(None, use_errno=True)
PR_SET_PDEATHSIG = 1


def end_with_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def command_output(*words):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"{shlex.join(map(str, words))}: {done.stderr.strip()}")
    return done.stdout


class Host:
    """Namespaces, held by a process that sleeps. `isolated` hosts have process
    numbers of their own: all of their processes end with the first one."""

    def __init__(self, name, isolated):
        self.name = name
        kinds = ["--net", "--uts", "--mount"] + (["--pid", "--mount-proc"] if isolated else [])
        script = f"hostname {name} && echo ready && exec sleep infinity"
        self.holder = subprocess.Popen(
            ["unshare", *kinds, "--fork", "--kill-child", "sh", "-c", script],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=end_with_parent,
        )
        if self.holder.stdout.readline() != "ready\n":
            raise OSError(f"no namespace for {name}: {self.holder.stderr.read().strip()}")
        # The child of `unshare` is the first process of the host.
        holder = self.holder.pid
        self.process = int(pathlib.Path(f"/proc/{holder}/task/{holder}/children").read_text().split()[0])
        kinds = ["--net", "--uts", "--mount"] + (["--pid"] if isolated else [])
        self.enter = ["nsenter", "--target", str(self.process), *kinds]

    def run(self, *words):
        return command_output(*self.enter, *words)

    def kill(self):
        """What a power failure does."""
        if self.holder.poll() is None:
            self.holder.kill()
        self.holder.wait()


class Hosts:
    """`count` hosts node1, node2, ..., a login host and their switch."""

    def __init__(self, count, slots=1, rate=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="segc-hosts-"))
        self.switch = self.login = None
        self.hosts, self.commands = [], []
        try:
            self.switch = Host("switch", isolated=False)
            self.switch.run("ip", "link", "add", "bridge", "type", "bridge")
            self.switch.run("ip", "link", "set", "bridge", "up")
            self.login = Host("login", isolated=False)
            self.join(self.login, 254, None)
            for number in range(1, count + 1):
                self.hosts.append(Host(f"node{number}", isolated=True))
                self.join(self.hosts[-1], number, rate)
            self.write_files(slots)
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def join(self, host, number, rate):
        """Puts a cable between the host and the switch."""
        port = f"port{number}"
        command_output(
            *("ip", "link", "add", "eth0", "netns", host.process),
            *("type", "veth", "peer", "name", port, "netns", self.switch.process),
        )
        self.switch.run("ip", "link", "set", port, "master", "bridge", "up")
        host.run("ip", "address", "add", f"10.15.0.{number}/24", "dev", "eth0")
        host.run("ip", "link", "set", "lo", "up")
        host.run("ip", "link", "set", "eth0", "up")
        if rate:
            limit = ("root", "tbf", "rate", rate, "burst", BURST_BYTES, "limit", 64 << 20)
            host.run("tc", "qdisc", "add", "dev", "eth0", *limit)
            self.switch.run("tc", "qdisc", "add", "dev", port, *limit)

    def write_files(self, slots):
        self.hostfile = self.folder / "hosts"
        self.hostfile.write_text("".join(f"{host.name} slots={slots}\n" for host in self.hosts))
        # Called as ssh would be: AGENT HOST COMMAND.
        cases = "".join(f"  {host.name}) enter='{shlex.join(host.enter)}' ;;\n" for host in self.hosts)
        agent = self.folder / "agent"
        agent.write_text(
            f'#!/bin/sh\ncase $1 in\n{cases}  *) echo "no host $1" >&2; exit 1 ;;\nesac\nshift\nexec $enter sh -c "$*"\n'
        )
        agent.chmod(0o755)
        parameters = {
            "plm": "rsh",
            "plm_rsh_agent": agent,
            "orte_default_hostfile": self.hostfile,
            "orte_tmpdir_base": self.folder,
            "oob_tcp_if_include": "eth0",
            "pml": "ob1",
            "btl": "tcp,self",
            "btl_tcp_if_include": "eth0",
            "hwloc_base_binding_policy": "none",
        }
        self.environment = {f"OMPI_MCA_{name}": str(value) for name, value in parameters.items()}
        self.environment |= {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}

    def start_on(self, host, command, environment, **options):
        environment = {**os.environ, **environment}
        words = [*host.enter, f"--wd={os.getcwd()}", *map(str, command)]
        self.commands.append(subprocess.Popen(words, env=environment, preexec_fn=end_with_parent, **options))
        return self.commands[-1]

    def start(self, command, **options):
        """Starts a command on the login host."""
        return self.start_on(self.login, command, self.environment, **options)

    def start_on_each(self, command):
        """Starts a command on each host, as srun does with one task for each node."""
        count = len(self.hosts)
        step = {
            "SLURM_JOB_ID": self.folder.name,
            "SLURM_STEP_ID": "0",
            "SLURM_STEP_NUM_TASKS": str(count),
            "SLURM_STEP_TASKS_PER_NODE": f"1(x{count})",
            "SLURM_LOCALID": "0",
        }
        return [
            self.start_on(host, command, {**step, "SLURM_PROCID": str(rank)}) for rank, host in enumerate(self.hosts)
        ]

    def close(self):
        for command in self.commands:
            if command.poll() is None:
                command.kill()
            command.wait()
        for host in (*self.hosts, self.login, self.switch):
            if host:
                host.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def reason_against():
    """Why this machine cannot have such hosts; None if it can."""
    for program in PROGRAMS:
        if not shutil.which(program):
            return f"no {program} (Debian: iproute2, util-linux)"
    try:
        with Hosts(1, rate="1gbit"):
            return None
    except OSError as error:
        return str(error)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--hosts", type=int, default=2)
    parser.add_argument("--slots", type=int, default=1, help="ranks of a host")
    parser.add_argument("--rate", help="of each host in each direction, such as 10gbit; default: no limit")
    parser.add_argument("--each", action="store_true", help="a rank on each host instead of the command on the login host")
    parser.add_argument("--check", action="store_true", help="only say whether this machine can have hosts")
    parser.add_argument("command", nargs="*")
    options = parser.parse_args()
    if options.check:
        sys.exit(reason_against())
    if not options.command:
        parser.error("expected a command")
    # An exception ends what was started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with Hosts(options.hosts, options.slots, options.rate) as hosts:
        started = hosts.start_on_each(options.command) if options.each else [hosts.start(options.command)]
        codes = [command.wait() for command in started]
    sys.exit(max(code if code >= 0 else 128 - code for code in codes))


if __name__ == "__main__":
    main()
