"""Proof that a conversion computes what the original does: both are run on the same images."""
