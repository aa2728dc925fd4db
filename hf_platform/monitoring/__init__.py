"""Watching stored forecasts: evidence that a model no longer fits what it forecasts."""
