"""Training: the loop, schedules, checkpoints, tracking."""
