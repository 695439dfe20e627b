# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Running programs on the measured cores, with a log of all they say."""

import json
import os
import shlex
import subprocess


class Failure(Exception):
    """A command did not do its work; the text says which and why."""


class Runner:
    def __init__(self, cores, log, seconds=None):
        self.cores, self.log, self.seconds = cores, log, seconds

    def __call__(self, arguments, given=None, environment=None):
        """Standard output of the command."""
        arguments = [str(argument) for argument in arguments]
        try:
            done = subprocess.run(
                arguments,
                input=given,
                capture_output=True,
                text=True,
                env={**os.environ, **(environment or {})},
                preexec_fn=lambda: os.sched_setaffinity(0, self.cores),
                timeout=self.seconds,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise Failure(f"not done after {self.seconds:g} seconds") from error
        except OSError as error:
            raise Failure(f"{arguments[0]}: {error.strerror}") from error
        self.log.write(f"$ {shlex.join(arguments)}\n{done.stdout}{done.stderr}\n")
        self.log.flush()
        if done.returncode:
            raise Failure(f"{last_line(done.stderr) or last_line(done.stdout)} (exit code {done.returncode})")
        return done.stdout

    def json_lines(self, arguments, given=None, environment=None):
        """The JSON objects among the lines of standard output."""
        lines = self(arguments, given, environment).splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]


def last_line(text):
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""


def expand(template, **values):
    return [part.format(**values) for part in shlex.split(template)]


def commit(root):
    try:
        command = ["git", "-C", root, "describe", "--always", "--dirty", "--abbrev=12"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout.strip() or None
