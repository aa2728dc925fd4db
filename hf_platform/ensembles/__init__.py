"""Combine the forecasts of many models into one, with weights that were known at the origin."""
