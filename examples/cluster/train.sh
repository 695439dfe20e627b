#!/usr/bin/env bash
# Trains on the machines of a hostfile, by Open MPI's mpirun.
#   MODEL=nnunet.so DATA=cache RESULTS=results ./train.sh [OPTION OF segrun train]...
# Started again, it goes on from the last checkpoint. Ctrl-C ends all ranks
# after a step; a job that fails is started again, three times at most.
set -uo pipefail

hosts=${HOSTS:-$(dirname "$0")/hosts}
model=${MODEL:-nnunet.so}
data=${DATA:-cache}
results=${RESULTS:-results}
restarts=${RESTARTS:-3}

launcher=0
stopped=0
# mpirun hands SIGUSR1 to the ranks; after SIGTERM it would kill them.
stop() {
  stopped=1
  kill -USR1 "$launcher" 2>/dev/null
}
trap stop INT TERM HUP

train() {
  local code
  # In a session of its own, so that Ctrl-C reaches this script alone. Ranks
  # divide the cores of their machine; --resume begins a run where there is none.
  setsid mpirun --hostfile "$hosts" --bind-to none \
    segrun train --model "$model" --data "$data" --results "$results" --resume --collective-timeout 120 "$@" &
  launcher=$!
  # A signal ends the wait, not the job.
  wait "$launcher"
  code=$?
  while kill -0 "$launcher" 2>/dev/null; do
    wait "$launcher"
    code=$?
  done
  return "$code"
}

for ((start = 0; ; ++start)); do
  train "$@"
  code=$?
  # 2 is wrong usage: it would be the same again.
  if ((code == 0 || code == 2 || stopped || start == restarts)); then
    exit "$code"
  fi
  echo "$0: the job ended with exit code $code: going on from the last checkpoint" >&2
done
