"""Recordings: what a run leaves behind, in memory and on disk, and figures of it."""
