"""Benchmarks: we and our peers side by side, each in a process of its own."""
