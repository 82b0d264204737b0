"""Training: tasks, losses, encodings, data, and the loop with checkpoints.  Needs torch."""
