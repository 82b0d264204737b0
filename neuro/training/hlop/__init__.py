"""HLOP: continual learning with a lateral circuit that projects what is learnt."""
