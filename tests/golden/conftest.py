"""How many digits each statistic shares with its published value: checked in every run, shown by `make golden`."""

from collections.abc import Callable

import numpy as np
import pytest

_ALL = 15.0  # digits of a double
_FOUND: dict[str, list[tuple[float, float]]] = {}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--digits", action="store_true", help="print digits of agreement with published values")


def digits(error: float, expected: float) -> float:
    """Log relative error: significant digits that two numbers share; absolute where zero is expected."""
    scale = abs(expected) or 1.0
    return _ALL if error == 0 else min(_ALL, max(0.0, float(-np.log10(error / scale))))


@pytest.fixture
def published(request: pytest.FixtureRequest) -> Callable[[object, object, float], None]:
    """Compare found with published numbers, within the tolerance that the source's digits allow."""
    group = request.node.originalname.removeprefix("test_").replace("_", " ")

    def check(found: object, expected: object, atol: float) -> None:
        pairs = zip(np.ravel(np.asarray(found, float)), np.ravel(np.asarray(expected, float)), strict=True)
        for ours, theirs in pairs:
            error = abs(ours - theirs)
            _FOUND.setdefault(group, []).append((digits(atol, theirs), digits(error, theirs)))
            assert error <= atol, f"found {ours!r}, published {theirs!r} within {atol!r}"

    return check


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if not config.getoption("--digits"):
        return
    terminalreporter.write_line("")
    terminalreporter.write_line(f"{'statistic':<42}{'values':>7}{'digits published':>18}{'digits shared, least':>22}")
    for group, pairs in sorted(_FOUND.items()):
        given, shared = (min(column) for column in zip(*pairs, strict=True))
        terminalreporter.write_line(f"{group:<42}{len(pairs):>7}{given:>18.1f}{shared:>22.1f}")
