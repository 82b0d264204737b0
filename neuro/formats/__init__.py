"""Files: networks as text and HDF5, checkpoints."""
