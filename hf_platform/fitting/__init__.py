"""Fit a family over many keys, keep what stands, and let one bad model harm no other."""
