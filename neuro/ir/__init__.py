"""The intermediate representation: what a network is, and what it means."""
