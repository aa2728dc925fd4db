"""Where training starts."""

from torch import nn


def start_at_zero(layer: nn.Module) -> None:
    """Set a last layer's weights to zero: a forecast that starts at its base departs from it only as data ask."""
    for weight in layer.parameters():
        nn.init.zeros_(weight)
