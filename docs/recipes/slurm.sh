#!/bin/bash
# Train on several hosts under SLURM:
#
#     sbatch slurm.sh DATA RUN --preset paper --steps 100000
#
# DATA (a data file, or a folder of `sketchrnn data build`) and RUN are on a file system that all
# hosts see. What comes after them goes to `sketchrnn train`. One task a host, which takes all of
# the host's GPUs. Called again with the same RUN it goes on from the last checkpoint, and so it
# does when SLURM puts the job back into the queue.

#SBATCH --job-name=sketchrnn
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-node=8
#SBATCH --cpus-per-task=16
#SBATCH --time=24:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --signal=TERM@120

set -euo pipefail
data=${1:?usage: sbatch slurm.sh DATA RUN [OPTION...]}
run=${2:?usage: sbatch slurm.sh DATA RUN [OPTION...]}
shift 2

again=()
if [ -e "$run/run.json" ]; then
    again=(--resume)
fi

# JAX gives a task of SLURM one GPU, unless it is told which: here all of the host's.
export JAX_LOCAL_DEVICE_IDS=${JAX_LOCAL_DEVICE_IDS:-$(seq -s, 0 $((${SLURM_GPUS_ON_NODE:-1} - 1)))}
# Since SLURM 22.05 srun does not take over what the job has asked for here.
export SRUN_CPUS_PER_TASK=${SLURM_CPUS_PER_TASK:-1}

# SLURM sends TERM two minutes before the time is over; a training saves and ends then.
status=0
srun --kill-on-bad-exit=0 sketchrnn --backend jax train "$data" -o "$run" --distributed "${again[@]}" "$@" ||
    status=$?

# 75, or 134 of JAX itself: a process has died, and the others have stopped. srun tells the highest status of all, so that
# of one that was killed, 128 and its signal, hides theirs. Another attempt goes on with what is there.
if { [ "$status" = 75 ] || [ "$status" -gt 128 ]; } && [ "${SLURM_RESTART_COUNT:-0}" -lt 10 ] &&
    [ -n "${SLURM_JOB_ID:-}" ] && command -v scontrol >/dev/null; then
    scontrol requeue "$SLURM_JOB_ID"
fi
exit "$status"
