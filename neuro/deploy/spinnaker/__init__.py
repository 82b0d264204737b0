"""SpiNNaker: what fits a board, what it changes, how a network is mapped onto it and exported."""
