"""Ray Tune with ASHA on a learner whose curves are known: it saves steps and still finds the best."""

import math

import pytest

from hf_platform.errors import ConfigError
from hf_platform.fitting.tune_ray import search_with_ray

SPACE = {"rate": {"low": 0.001, "high": 1.0, "log": True}}


def learner(params, max_steps, report):
    """Curves fall towards a floor that depends on the rate; 0.1 is best."""
    floor = abs(math.log10(params["rate"]) + 1.0)
    for step in range(1, max_steps + 1):
        report(floor + 1.0 / step)


def test_an_empty_space_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="needs a space"):
        search_with_ray(learner, {}, n_trials=3, seed=0, folder=tmp_path)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # Ray's own deprecations
def test_asha_saves_steps_and_the_seed_decides(tmp_path, monkeypatch):
    ray = pytest.importorskip("ray")
    monkeypatch.setenv("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    ray.init(address="local", num_cpus=1, include_dashboard=False, log_to_driver=False)
    try:
        common = {"n_trials": 10, "seed": 42, "max_steps": 27, "grace": 3, "reduction": 3}
        one = search_with_ray(learner, SPACE, folder=tmp_path / "1", **common)
        two = search_with_ray(learner, SPACE, folder=tmp_path / "2", **common)
        whole = search_with_ray(learner, SPACE, folder=tmp_path / "3", stop_early=False, **common)
    finally:
        ray.shutdown()
    assert one == two
    assert whole.n_steps == 10 * 27
    assert one.n_steps < 0.7 * whole.n_steps
    assert one.trials[0].score <= whole.trials[0].score + 0.15
    assert one.trials[0].n_steps == 27, "the best is never stopped"
