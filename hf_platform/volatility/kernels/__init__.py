"""Likelihood kernels, written by kernel_generator.py: one module per process."""
