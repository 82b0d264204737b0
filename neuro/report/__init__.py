"""Figures and tables about networks and runs."""
