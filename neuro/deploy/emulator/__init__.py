"""Run programs for boards without the boards."""
