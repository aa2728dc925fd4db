"""The pinball loss, whose expectation is least at the quantile."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def pinball(predicted: "torch.Tensor", actual: "torch.Tensor", probabilities: "torch.Tensor") -> "torch.Tensor":
    """Average the pinball loss over everything.

    Parameters
    ----------
    predicted : tensor, shape (..., n_probabilities)
        Quantile forecasts.
    actual : tensor, shape (...)
    probabilities : tensor, shape (n_probabilities,)

    Returns
    -------
    tensor, shape ()

    References
    ----------
    Koenker, R. and Bassett, G. (1978). Regression Quantiles. Econometrica 46(1), 33-50.
    """
    import torch

    error = actual.unsqueeze(-1) - predicted
    return torch.maximum(probabilities * error, (probabilities - 1) * error).mean()
