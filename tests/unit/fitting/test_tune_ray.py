"""Ray Tune with ASHA on a learner whose curves are known: it saves steps and still finds the best."""

import math

import pytest

from hf_platform.errors import ConfigError
from hf_platform.fitting import tune_ray
from hf_platform.fitting.tune_ray import RaySpec, local_ray, need_ray, search_with_ray

SPACE = {"rate": {"low": 0.001, "high": 1.0, "log": True}}


def learner(best, params, max_steps, report):
    """Curves fall towards a floor that depends on the rate; one rate is best, and the largest ones break."""
    if params["rate"] > 0.9:
        raise ArithmeticError("too fast")
    floor = abs(math.log10(params["rate"] / best))
    for step in range(1, max_steps + 1):
        report(step, floor + 1.0 / step)


def test_an_empty_space_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="needs a space"):
        search_with_ray(learner, 0.1, {}, RaySpec(n_trials=3, seed=0, folder=tmp_path))


def test_without_ray_one_reads_what_to_install(monkeypatch):
    monkeypatch.setattr(tune_ray, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"hf-platform\[ray\]"):
        need_ray()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # Ray's own deprecations
def test_asha_saves_steps_and_the_seed_decides(tmp_path, monkeypatch):
    monkeypatch.setenv("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")

    def search(name, **options):
        spec = RaySpec(n_trials=10, seed=42, max_steps=27, grace=3, folder=tmp_path / name, **options)
        return search_with_ray(learner, 0.1, SPACE, spec)

    with local_ray(1):
        one, two, whole = search("1"), search("2"), search("3", stop_early=False)
    assert one == two
    assert {trial.step for trial in whole if trial.score is not None} == {27}
    assert sum(trial.step for trial in one) < 0.7 * sum(trial.step for trial in whole)
    finished = [trial for trial in one if trial.step == 27]
    best = min(trial.score for trial in whole if trial.score is not None)
    assert min(trial.score for trial in finished) <= best + 0.15
    assert all(trial.score is not None or "too fast" in trial.reason for trial in (*one, *whole))
