"""Passes: from a network to a network."""
