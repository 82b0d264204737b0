"""Lowering: from a network to kernels and flat arrays, from which engines are printed.

`lower` decides what every engine shares: which constants are scalars, which delays make groups of
synapses, where events go.  It is structure only; no engine adds meaning of its own.
"""
