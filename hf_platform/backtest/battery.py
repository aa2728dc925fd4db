"""The battery of tests on one sample of VaR forecasts, each closed with a verdict in words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from hf_platform.backtest import coverage, es_tests
from hf_platform.backtest.berkowitz import tail_probabilities
from hf_platform.backtest.coverage import CoverageTest
from hf_platform.backtest.sample import VarSample
from hf_platform.backtest.walk_forward import MINIMUM_OUT_OF_SAMPLE
from hf_platform.horizons import FREQUENCIES, Horizon, is_part_of_session
from hf_platform.types import FloatArray, TimeArray

Verdict = Literal["pass", "fail", "cannot tell"]

SIGNIFICANCE: Final = 0.01  # a test fails below this p-value
MINIMUM_EXPECTED: Final = 5.0  # breaches to expect before a verdict is given
RECENT: Final = 250  # forecasts of the supervisor's window
_BASEL_VERDICTS: Final[dict[str, Verdict]] = {"green": "pass", "yellow": "cannot tell", "red": "fail"}


@dataclass(frozen=True, slots=True, eq=False)
class TestRow:
    """One line of `backtests.var_tests`, without the run's own columns."""

    test: str
    origins: TimeArray
    result: CoverageTest
    verdict: Verdict
    reason: str | None
    zone: str | None = None


def run_battery(sample: VarSample, *, recent: bool = True) -> Iterator[TestRow]:
    """Run every test on the whole sample and, if asked, on its last 250 forecasts.

    Parameters
    ----------
    sample : VarSample
    recent : bool
        The traffic light looks at the last 250 daily forecasts in any case.

    Notes
    -----
    The verdict is "cannot tell" where the whole sample spans fewer than 252 sessions, where fewer
    than five breaches are to be expected in the window, or where a test has no value; otherwise a
    p-value of at least 0.01 passes. The Basel zone judges the last 250 daily forecasts at 0.99: green
    passes, red fails, and yellow is, by its definition, evidence for neither.
    """
    yield from _window(sample, slice(0, None))
    if recent and len(sample) > RECENT:
        yield from _window(sample, slice(-RECENT, None))
    if sample.confidence == 0.99 and (sample.key.horizon == "1d" or is_part_of_session(sample.key.horizon)):
        yield _basel(sample)


def _window(sample: VarSample, rows: slice) -> Iterator[TestRow]:
    losses, var, es = sample.losses[rows], sample.value_at_risk[rows], sample.expected_shortfall[rows]
    breaches, level = losses > var, sample.confidence
    results = {
        "kupiec_pof": coverage.kupiec_pof(breaches, level),
        "christoffersen_independence": coverage.christoffersen_independence(breaches),
        "conditional_coverage": coverage.conditional_coverage(breaches, level),
        "duration_test": coverage.duration_test(breaches, level, discrete=True),
    }
    n, x = int(losses.size), int(breaches.sum())
    if (var < 0).all():
        absent = "every VaR of the window is negative: the forecasts are gains throughout"
        results["dynamic_quantile"] = CoverageTest(None, None, None, n, x, absent)
    else:
        results["dynamic_quantile"] = coverage.dynamic_quantile(losses, var, level)
    if (np.isfinite(es) & (es > 0)).all() and not (var < 0).all():
        results["acerbi_szekely_z2"] = es_tests.z2_with_pareto_tail(losses, var, np.maximum(es, var), level)
    else:
        absent = "expected shortfall is missing or not positive for some forecasts of the window"
        results["acerbi_szekely_z2"] = CoverageTest(None, None, None, n, x, absent)
    for name, result in results.items():
        verdict, reason = judge(result, level, sessions_of(sample))
        yield TestRow(name, sample.origins[rows], result, verdict, reason)


def run_tail_battery(samples: Sequence[VarSample], *, recent: bool = True) -> Iterator[tuple[VarSample, TestRow]]:
    """Run Berkowitz's tail test at each confidence of one key, method and position.

    Parameters
    ----------
    samples : sequence of VarSample
        The same forecasts at several confidences: together they describe the tail.
    recent : bool
        Also on the last 250 forecasts.

    Yields
    ------
    (VarSample, TestRow)
        The sample whose confidence begins the tail, and the test. Nothing where the confidences do not
        share their origins, or ES at the highest confidence is unknown.
    """
    ordered = sorted(samples, key=lambda sample: sample.confidence)
    last = ordered[-1]
    if not all(np.array_equal(sample.origins, last.origins) for sample in ordered):
        return
    var = np.column_stack([sample.value_at_risk for sample in ordered])
    if not np.isfinite(last.expected_shortfall).all() or (var < 0).all(axis=0).any():
        return
    shortfall = np.maximum(last.expected_shortfall, last.value_at_risk)
    levels = [sample.confidence for sample in ordered]
    sessions = sessions_of(last)
    placed = tail_probabilities(last.losses, np.maximum.accumulate(var, axis=1), shortfall, levels)
    windows = [slice(0, None)] + ([slice(-RECENT, None)] if recent and len(last) > RECENT else [])
    for sample in ordered:
        for rows in windows:
            result = coverage.berkowitz_tail(placed[rows], sample.confidence)
            verdict, reason = judge(result, sample.confidence, sessions)
            yield sample, TestRow("berkowitz_tail", sample.origins[rows], result, verdict, reason)


def run_distribution_battery(
    sample: VarSample, probabilities: FloatArray, *, recent: bool = True
) -> Iterator[TestRow]:  # fmt: skip
    """Run Berkowitz's test of the whole distribution on a sample and, if asked, on its last 250 forecasts.

    Parameters
    ----------
    sample : VarSample
        Its confidence only says which losses are counted as breaches.
    probabilities : float64 array, shape (n_forecasts,)
        Forecast probability of a loss at or below the realised one.
    recent : bool
    """
    for rows in [slice(0, None)] + ([slice(-RECENT, None)] if recent and len(sample) > RECENT else []):
        result = coverage.berkowitz(probabilities[rows], sample.confidence)
        # Every forecast counts here, not the few beyond VaR: half of them lie on either side of the median.
        verdict, reason = judge(result, 0.5, sessions_of(sample))
        yield TestRow("berkowitz", sample.origins[rows], result, verdict, reason)


def n_sessions(n_forecasts: int, horizon: Horizon) -> int:
    """Count the sessions that non-overlapping periods cover: 50 forecasts of 20 daily bars are 1,000 sessions."""
    return n_forecasts * horizon.n_bars * FREQUENCIES["1d"] // horizon.bars_per_year


def sessions_of(sample: VarSample) -> int:
    """Count the sessions that a sample covers; nights, and sessions from their open, come once each."""
    if is_part_of_session(sample.key.horizon):
        return len(sample)
    return n_sessions(len(sample), Horizon.parse(sample.key.horizon))


def judge(result: CoverageTest, confidence: float, sessions: int) -> tuple[Verdict, str | None]:
    """Turn a test into a verdict and the reason for it, where one is due."""
    expected = result.n_forecasts * (1.0 - confidence)
    if sessions < MINIMUM_OUT_OF_SAMPLE:
        return "cannot tell", f"{sessions} out-of-sample sessions, {MINIMUM_OUT_OF_SAMPLE} are needed"
    if expected < MINIMUM_EXPECTED - 1e-9:
        return "cannot tell", f"{expected:.1f} breaches expected, {MINIMUM_EXPECTED:g} are needed"
    if result.p_value is None or (result.reason is not None and result.p_value == 1.0):
        return "cannot tell", result.reason
    return ("pass" if result.p_value >= SIGNIFICANCE else "fail"), result.reason


def _basel(sample: VarSample) -> TestRow:
    recent = sample.breaches[-RECENT:]
    light = coverage.basel_traffic_light(recent, sample.confidence)
    at_least = 1.0 - light.cumulative_probability
    # The table has no column of its own for the multiplier: it is the statistic of this row.
    result = CoverageTest(light.multiplier, at_least, None, light.n_forecasts, light.n_breaches)
    if len(sample) < MINIMUM_OUT_OF_SAMPLE:
        verdict: Verdict = "cannot tell"
        reason = f"{len(sample)} out-of-sample sessions, {MINIMUM_OUT_OF_SAMPLE} are needed"
    else:
        verdict, reason = _BASEL_VERDICTS[light.zone], f"statistic is the capital multiplier, {light.multiplier:.2f}"
    return TestRow("basel_traffic_light", sample.origins[-RECENT:], result, verdict, reason, light.zone)
