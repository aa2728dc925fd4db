"""The guide's two benchmark tables, as printed, and which of our members answers each row."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class GuideRow:
    """One row of the guide, and our counterpart.

    Parameters
    ----------
    model : str
        The guide's name; empty for a row of ours that the guide does not have.
    family, variant : str
        Ours; an empty variant means the family's first one, an ensemble has none.
    figures : tuple of str
        The guide's figures, as printed. They name neither data nor period and cannot be checked.
    caveat : str
        What of our row does not apply, and why.
    """

    model: str
    family: str
    variant: str = ""
    figures: tuple[str, ...] = ()
    caveat: str = ""


NO_TAIL: Final = "its quantiles end at 10 %: no 1 % VaR"
# Section 1.9: "S&P 500 VaR 1 %", RMSE, fit time, memory.
VOLATILITY_HEADS: Final = ("VaR 1 %", "RMSE", "fit", "memory")
VOLATILITY: Final = (
    GuideRow("EGARCH", "garch", "egarch-t", ("0.0234", "0.0156", "0.1 s", "50 MB")),
    GuideRow("DCC-GARCH", "dcc_garch", "", ("0.0228", "0.0152", "2.3 s", "120 MB"), "forecasts covariances only"),
    GuideRow("TimesFM", "timesfm", "", ("0.0225", "0.0149", "45 s", "2.1 GB"), NO_TAIL),
    GuideRow("LSTM-GARCH", "lstm_garch", "", ("0.0231", "0.0154", "12 s", "512 MB")),
    GuideRow("", "garch", "garch-normal"),
    GuideRow("", "garch", "gjr-t"),
    GuideRow("", "har_rv"),
    GuideRow("", "ewma"),
    GuideRow("", "volatility_ensemble"),
)
# Section 1.10: MAPE, sMAPE, fit time, inference time.
PRICE_HEADS: Final = ("MAPE", "sMAPE", "fit", "inference")
PRICE: Final = (
    GuideRow("N-BEATS", "nbeats", "", ("12.3", "8.7", "5 min", "10 ms")),
    GuideRow("PatchTST", "patchtst", "", ("11.8", "8.2", "8 min", "15 ms")),
    GuideRow("TimesFM", "timesfm", "", ("11.5", "8.0", "30 min", "25 ms")),
    GuideRow("Prophet", "prophet", "", ("15.2", "11.3", "30 s", "5 ms")),
    GuideRow("", "es_rnn"),
    GuideRow("", "arima"),
    GuideRow("", "elastic_net"),
    GuideRow("", "lightgbm", "mean"),
    GuideRow("", "xgboost", "mean"),
    GuideRow("", "catboost", "mean"),
    GuideRow("", "baseline", "historical_mean"),
    GuideRow("", "return_ensemble"),
    GuideRow("", "baseline", "random_walk"),
)
RANDOM_WALK: Final = ("baseline", "random_walk")
