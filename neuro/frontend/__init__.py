"""The front end: networks in a few lines, with PyNN's words and parameter names."""
