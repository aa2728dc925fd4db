"""Walk-forward: fixed anchors, exact filtering, replay, and equality with refitting at every bar."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from hf_platform.errors import ConfigError, DataError
from hf_platform.volatility import garch, rolling
from hf_platform.volatility.garch import GarchSpec

RNG = np.random.default_rng(17)
PANEL = RNG.standard_normal((460, 3)) * (1 + 0.4 * np.sin(np.arange(460) / 30))[:, None]


def test_extension_and_replay_give_the_same_bytes():
    spec = GarchSpec(process="gjr")
    whole = rolling.walk_forward(PANEL, spec, window=300, refit_every=20, cold_every=3, horizon=2)
    part = rolling.walk_forward(PANEL[:411], spec, window=300, refit_every=20, cold_every=3, horizon=2)
    n = part.origins.shape[0]
    assert_array_equal(whole.variance[:n], part.variance)
    replay = rolling.walk_forward(PANEL[60:], spec, window=300, refit_every=20, cold_every=3, horizon=2)
    assert_array_equal(replay.params, whole.params[3:])


def test_refitting_at_every_bar_equals_separate_fits():
    spec = GarchSpec()
    rolled = rolling.walk_forward(PANEL[:305], spec, window=300, refit_every=1, cold_every=1)
    for k, stop in enumerate(rolled.anchors):
        fits = garch.fit_many(PANEL[stop - 300 : stop], spec)
        assert_array_equal(rolled.params[k], fits.params)
        assert_array_equal(rolled.variance[k], fits.forecast_variance(1))


def test_forecasts_between_anchors_filter_with_the_last_parameters():
    spec = GarchSpec()
    rolled = rolling.walk_forward(PANEL, spec, window=300, refit_every=50)
    expected = garch.rolling_variance_forecast(
        PANEL[:350, 1], rolled.params[0, 1], spec, np.array([330]), 1, n_train=300
    )
    assert rolled.variance[31, 1, 0] == expected[0, 0]


def test_gaps_and_late_listings_are_nan_for_that_series_only():
    panel = PANEL.copy()
    panel[:200, 0] = np.nan
    panel[320, 1] = np.nan
    rolled = rolling.walk_forward(panel, GarchSpec(), window=300, refit_every=50)
    assert np.isfinite(rolled.variance[:, 0]).all()
    assert np.isfinite(rolled.variance[:20, 1]).all()
    assert np.isnan(rolled.variance[21:51, 1]).all()
    clean = rolling.walk_forward(PANEL, GarchSpec(), window=300, refit_every=50)
    assert_array_equal(rolled.variance[:, 2], clean.variance[:, 2])


def test_bad_counts_are_refused():
    with pytest.raises(ConfigError, match="positive"):
        rolling.walk_forward(PANEL, GarchSpec(), window=300, refit_every=0)
    with pytest.raises(DataError, match="window"):
        rolling.walk_forward(PANEL, GarchSpec(), window=500)
