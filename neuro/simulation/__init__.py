"""Running networks: sessions, runs into memory and onto disk, checks and comparisons."""
