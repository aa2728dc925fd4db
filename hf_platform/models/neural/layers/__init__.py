"""Modules of torch, one idea a file; imported inside functions only, since they bring torch."""
