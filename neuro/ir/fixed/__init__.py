"""Fixed point: networks as programs of integer operations; see `docs/explanation/fixed-point.md`."""
