"""NIR, the Neuromorphic Intermediate Representation: read any graph, write networks, lose nothing."""
