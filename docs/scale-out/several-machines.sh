#!/usr/bin/env bash
# Run this on each machine, with the same arguments and the same FIRST and MACHINES.
#
#   FIRST=node1.example.org MACHINES=2 MINIGPT_TUI_HOME=/shared/minigpt-tui \
#       docs/scale-out/several-machines.sh --preset scale-up --corpus my.txt --name big
#
# FIRST is a machine that all others reach at port PORT. MINIGPT_TUI_HOME is a folder that all of
# them see: the first process writes the run there, and after a death all read its checkpoint.
set -euo pipefail

: "${FIRST:?the name or address of one of the machines, the same on all of them}"
: "${MACHINES:?how many machines take part}"
: "${MINIGPT_TUI_HOME:?a folder that all the machines share}"
export MINIGPT_TUI_HOME

PROCESSES="${PROCESSES:-$(command -v nvidia-smi > /dev/null && echo gpu || echo 1)}"

exec torchrun --nnodes "$MACHINES" --nproc-per-node "$PROCESSES" --max-restarts "${RESTARTS:-3}" \
    --rdzv-backend c10d --rdzv-endpoint "$FIRST:${PORT:-29500}" --rdzv-id "${JOB:-minigpt-tui}" \
    -m minigpt_tui train "$@"
