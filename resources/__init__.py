"""Dagster resources: settings in, library objects out."""
