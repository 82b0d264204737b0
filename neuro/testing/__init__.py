"""Our own conformance suite, for backends of other packages too; see `neuro.testing.plugin`."""
