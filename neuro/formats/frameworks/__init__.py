"""Networks of other frameworks, as the objects that they are in memory."""
