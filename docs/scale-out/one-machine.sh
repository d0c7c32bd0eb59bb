#!/usr/bin/env bash
# Trains on every GPU of this machine, or in PROCESSES processes on a machine without one.
#
#   PROCESSES=4 docs/scale-out/one-machine.sh --preset modern --corpus my.txt --name big
#
# All arguments go to `minigpt-tui train`. ctrl+c stops after the step and saves; the same command
# with `--resume big` instead of --name goes on, with as many processes as you like.
set -euo pipefail

# gpu: as many as there are GPUs.
PROCESSES="${PROCESSES:-$(command -v nvidia-smi > /dev/null && echo gpu || echo 2)}"

exec torchrun --standalone --nproc-per-node "$PROCESSES" --max-restarts "${RESTARTS:-3}" \
    -m minigpt_tui train "$@"
