"""Modules of torch, one idea a file; imported inside functions only, since they bring torch."""

from hf_platform.settings import keep_ray_on_loopback

# neuralforecast imports ray, which reads its settings once, at its first import in a process.
keep_ray_on_loopback()
