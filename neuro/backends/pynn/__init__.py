"""PyNN's simulators as backends: standard cells are recognised by their equations."""
