"""Firmware: a network as self-contained C99 with static memory, from the same kernels as `c`."""
