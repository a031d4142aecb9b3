"""Teaching a network: schedules, the loop, checkpoints, evaluation."""
