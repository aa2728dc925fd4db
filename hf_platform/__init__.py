"""The library: arrays, frames and the lake. Nothing here knows about Dagster."""
