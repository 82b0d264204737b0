"""Nengo models: ensembles, nodes and connections, as Nengo itself has built them."""
