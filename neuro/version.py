"""The version of neuro; the only place that holds it."""

VERSION = "0.1.0"
