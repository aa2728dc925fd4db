"""Stored forecasts as portfolio stages need them: covariances by origin, and volatilities until an option expires."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

import numpy as np

from hf_platform.errors import DataError
from hf_platform.horizons import Horizon
from hf_platform.models.identity import content_hash
from hf_platform.risk.book import DAYS_PER_YEAR, years_left
from hf_platform.risk.covariance import unpack
from hf_platform.risk.positions import Portfolio, Position
from hf_platform.types import BoolArray, FloatArray, TimeArray

if TYPE_CHECKING:
    from hf_platform.lake import Lake

SESSIONS_PER_YEAR: Final = 252.0
_BEGINNING: Final = datetime(1, 1, 2)  # noqa: DTZ001 - times are naive UTC throughout
# Of each origin the newest row that was known, made for exactly these instruments.
_COVARIANCES: Final = """
SELECT forecast_origin, target_at, known_at, means, covariance, in_sample, model_id, input_hash
FROM risk.covariances
WHERE portfolio = $portfolio AND horizon = $horizon AND known_at <= $as_of AND instruments = $instruments::VARCHAR[]
  AND forecast_origin >= $since
QUALIFY row_number() OVER (PARTITION BY forecast_origin
                           ORDER BY in_sample, created_at DESC, known_at DESC, model_id) = 1
ORDER BY forecast_origin
"""
_VOLATILITIES: Final = """
SELECT instrument, horizon, volatility, forecast_origin FROM ensembles.forecasts
WHERE name = 'volatility_ensemble' AND known_at <= $as_of AND forecast_origin <= $origin
  AND list_contains($instruments, instrument)
QUALIFY row_number() OVER (PARTITION BY instrument, horizon
                           ORDER BY forecast_origin DESC, known_at DESC, created_at DESC, forecast_id) = 1
"""


_VERSION: Final = """
SELECT count(*) AS n, printf('%016x', bit_xor(md5_number_lower(model_id || input_hash))) AS version,
       max(forecast_origin) AS newest
FROM risk.covariances
WHERE portfolio = $portfolio AND horizon = $horizon AND known_at <= $as_of AND instruments = $instruments::VARCHAR[]
"""


@dataclass(frozen=True, slots=True)
class CovarianceVersion:
    """What a read of covariances would give: a content hash, and the newest origin."""

    version: str
    newest: datetime


def covariance_version(store: "Lake", portfolio: Portfolio, horizon: str, as_of: datetime) -> CovarianceVersion:
    """Name the stored covariances without reading them.

    Raises
    ------
    DataError
        If there is nothing for these instruments and this horizon.
    """
    row = store.query(_VERSION, _parameters(portfolio, horizon, as_of)).row(0, named=True)
    if not row["n"]:
        raise _missing(portfolio, horizon, as_of)
    return CovarianceVersion(content_hash(horizon, str(row["n"]), row["version"]), row["newest"])


def _missing(portfolio: Portfolio, horizon: str, as_of: datetime) -> DataError:
    return DataError(
        f"portfolio {portfolio.name} needs covariances at {horizon}, found none known at {as_of:%Y-%m-%d %H:%M}. "
        "Materialise dcc_garch, or see in models.ledger why it failed."
    )


def _parameters(portfolio: Portfolio, horizon: str, as_of: datetime) -> dict[str, object]:
    return {
        "portfolio": portfolio.name,
        "horizon": horizon,
        "as_of": as_of,
        "instruments": list(portfolio.instruments),
    }


@dataclass(frozen=True, slots=True, eq=False)
class StoredCovariances:
    """Covariances of one portfolio and horizon, by origin.

    Parameters
    ----------
    instruments : tuple of str
    origins, targets, known_at : datetime64[us] array, shape (n_origins,)
    means : float64 array, shape (n_origins, n_instruments)
        Log return over the horizon [decimal].
    covariances : float64 array, shape (n_origins, n_instruments, n_instruments)
    in_sample : bool array, shape (n_origins,)
        Not forecasts: only their innovations may be used.
    """

    instruments: tuple[str, ...]
    origins: TimeArray
    targets: TimeArray
    known_at: TimeArray
    means: FloatArray
    covariances: FloatArray
    in_sample: BoolArray


def read_covariances(
    store: "Lake", portfolio: Portfolio, horizon: str, as_of: datetime, *, newest_only: bool = False
) -> StoredCovariances:
    """Read what `dcc_garch` has stored, all origins or the newest alone.

    Raises
    ------
    DataError
        If there is nothing for these instruments and this horizon.
    """
    since = covariance_version(store, portfolio, horizon, as_of).newest if newest_only else _BEGINNING
    rows = store.query(_COVARIANCES, _parameters(portfolio, horizon, as_of) | {"since": since})
    if rows.is_empty():
        raise _missing(portfolio, horizon, as_of)
    n = len(portfolio.instruments)
    packed = rows["covariance"].explode().to_numpy().reshape(rows.height, n * (n + 1) // 2)
    return StoredCovariances(
        portfolio.instruments,
        rows["forecast_origin"].to_numpy().astype("datetime64[us]"),
        rows["target_at"].to_numpy().astype("datetime64[us]"),
        rows["known_at"].to_numpy().astype("datetime64[us]"),
        rows["means"].explode().to_numpy().reshape(rows.height, n).astype(np.float64),
        unpack(packed.astype(np.float64)),
        rows["in_sample"].to_numpy(),
    )


def option_volatilities(
    store: "Lake", positions: Sequence[Position], origin: datetime, as_of: datetime
) -> dict[Position, float]:
    """Give each option the ensemble's forecast volatility of its underlying, at the horizon nearest to its life.

    Returns
    -------
    dict of Position to float
        Annual volatility [decimal].

    Raises
    ------
    DataError
        If an option is past its expiry, or its underlying has no volatility forecast.
    """
    legs = [position for position in positions if position.is_option]
    if not legs:
        return {}
    names = sorted({position.instrument for position in legs})
    rows = store.query(_VOLATILITIES, {"as_of": as_of, "origin": origin, "instruments": names}).to_dicts()
    out: dict[Position, float] = {}
    for position in legs:
        sessions = years_left(position, origin) * SESSIONS_PER_YEAR
        mine = [row for row in rows if row["instrument"] == position.instrument]
        if not mine:
            raise DataError(
                f"{position.position_id} needs a volatility forecast of {position.instrument}, found none. Materialise "
                "volatility_ensemble for it."
            )
        nearest = min(mine, key=lambda row: abs(np.log(_sessions(row["horizon"]) / sessions)))
        out[position] = float(nearest["volatility"]) * float(np.sqrt(SESSIONS_PER_YEAR / _sessions(nearest["horizon"])))
    return out


def _sessions(horizon: str) -> float:
    parsed = Horizon.parse(horizon)
    return parsed.n_bars * SESSIONS_PER_YEAR / parsed.bars_per_year


def years_between(start: np.datetime64, stop: np.datetime64) -> float:
    """Return the calendar years from one moment to a later one, as option prices count them."""
    return float((stop - start) / np.timedelta64(1, "D")) / DAYS_PER_YEAR
