# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A Slurm cluster on hosts that are network namespaces (hosts.py).

  slurm.py [--hosts N] [--cores N] -- COMMAND...
  slurm.py --hosts 2 -- srun --nodes 2 --mpi pmix hostname

COMMAND runs on the login host, where the controller is; nodes have the names
node1, node2, .... Needs root and Debian's slurmctld, slurmd, slurm-client and
munge, whose services need not run. Nothing is left.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time

import hosts

PROGRAMS = ("slurmctld", "slurmd", "munged", "sinfo", "srun", "sbatch")
# Jobs that queue again wait as long as credentials may live: Slurm's 120 s.
CREDENTIAL_SECONDS = 5
CONFIGURATION = """\
ClusterName=hosts
SlurmctldHost=login({login})
SlurmUser=root
AuthInfo=socket={folder}/munge.socket,cred_expire={seconds}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SchedulerParameters=sched_interval=1,bf_interval=1
ReturnToService=2
MailProg=/bin/true
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
{nodes}
PartitionName=all Nodes=ALL Default=YES State=UP
"""


class Slurm:
    """A controller and `count` nodes of so many cores."""

    def __init__(self, count, cores=1):
        self.cluster = hosts.Hosts(count)
        self.daemons = []
        try:
            self.write_files(cores)
            self.start_daemons()
            self.wait_for_nodes()
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def write_files(self, cores):
        folder = self.cluster.folder
        # The socket and the key lie in folders that others cannot write to.
        folder.chmod(0o755)
        for name in ("state", "pmix"):
            (folder / name).mkdir()
        key = folder / "munge.key"
        key.write_bytes(os.urandom(64))
        key.chmod(0o600)
        nodes = [
            f"NodeName={host.name} NodeAddr=10.15.0.{number} CPUs={cores} State=UNKNOWN"
            for number, host in enumerate(self.cluster.hosts, 1)
        ]
        configuration = folder / "slurm.conf"
        configuration.write_text(
            CONFIGURATION.format(
                login="10.15.0.254", folder=folder, seconds=CREDENTIAL_SECONDS, nodes="\n".join(nodes)
            )
        )
        # Nodes of a real cluster share no /tmp.
        (folder / "mpi.conf").write_text(f"PMIxCliTmpDirBase={folder}/pmix\n")
        self.environment = {**os.environ, "SLURM_CONF": str(configuration)}
        # What Open MPI would take for settings of mpirun.
        self.environment["OMPI_MCA_btl_tcp_if_include"] = "eth0"

    def start_daemon(self, host, *words):
        log = open(self.cluster.folder / f"{words[0]}-{host.name}.log", "w")
        command = [*host.enter, *map(str, words)]
        with log:
            self.daemons.append(
                subprocess.Popen(
                    command, env=self.environment, stdout=log, stderr=log, preexec_fn=hosts.end_with_parent
                )
            )

    def start_daemons(self):
        folder, login = self.cluster.folder, self.cluster.login
        files = {"key-file": "munge.key", "socket": "munge.socket", "pid-file": "munge.pid", "seed-file": "munge.seed"}
        words = [f"--{option}={folder / name}" for option, name in files.items()]
        self.start_daemon(login, "munged", "--foreground", "--force", f"--log-file={folder}/munge.log", *words)
        self.start_daemon(login, "slurmctld", "-D")
        for host in self.cluster.hosts:
            host.run("mount", "-t", "tmpfs", "tmpfs", folder / "pmix")
            (folder / f"spool-{host.name}").mkdir()
            self.start_daemon(host, "slurmd", "-D", "-N", host.name)

    def wait_for_nodes(self, seconds=30):
        until = time.monotonic() + seconds
        while True:
            states = self.run("sinfo", "--noheader", "--Node", "--format", "%T", check=False).stdout.split()
            if states and set(states) == {"idle"}:
                return
            if time.monotonic() > until:
                logs = "".join(path.read_text() for path in sorted(self.cluster.folder.glob("*.log")))
                raise OSError(f"nodes are not idle after {seconds} s: {states}\n{logs}")
            time.sleep(0.2)

    def words(self, command):
        return [*self.cluster.login.enter, f"--wd={os.getcwd()}", *map(str, command)]

    def run(self, *command, check=True):
        """What a command on the login host has said."""
        return subprocess.run(
            self.words(command), env=self.environment, capture_output=True, text=True, timeout=120, check=check
        )

    def close(self):
        for daemon in self.daemons:
            daemon.kill()
            daemon.wait()
        self.cluster.close()


def reason_against():
    """Why this machine cannot have such a cluster; None if it can."""
    for program in PROGRAMS:
        if not shutil.which(program):
            return f"no {program} (Debian: slurmctld, slurmd, slurm-client, munge)"
    return hosts.reason_against()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--hosts", type=int, default=2)
    parser.add_argument("--cores", type=int, default=1, help="of each node")
    parser.add_argument("--check", action="store_true", help="only say whether this machine can have such a cluster")
    parser.add_argument("command", nargs="*")
    options = parser.parse_args()
    if options.check:
        sys.exit(reason_against())
    if not options.command:
        parser.error("expected a command")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with Slurm(options.hosts, options.cores) as slurm:
        code = subprocess.run(slurm.words(options.command), env=slurm.environment, check=False).returncode
    sys.exit(code if code >= 0 else 128 - code)


if __name__ == "__main__":
    main()
