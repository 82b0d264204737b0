"""A backend as another package would offer it; the tests install it beside neuro."""
