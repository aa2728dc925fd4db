"""Alerts and dashboard: their expressions parse, and name only metrics and labels that `hfp metrics` has."""

import json
import re
import shutil
import subprocess

import promql_parser
import pytest
import yaml
from manifests import DEPLOY, ROOT

MONITORING = DEPLOY / "monitoring"
RULES = [
    rule for group in yaml.safe_load((MONITORING / "alerts.yaml").read_text())["groups"] for rule in group["rules"]
]
DASHBOARD = json.loads((MONITORING / "dashboard.json").read_text())


def exposed():
    """Metric name to labels, read from the two collectors: a counter's samples end in `_total`."""
    found = {}
    for path in (ROOT / "hf_platform" / "capacity" / "exposition.py", ROOT / "assets" / "metrics.py"):
        text = path.read_text().replace("labels=labels", 'labels=["family", "horizon", "confidence", "position"]')
        for kind, name, rest in re.findall(r'(Gauge|Counter)MetricFamily\(\s*"(hfp_\w+)"(.*?)\),?\n', text, re.DOTALL):
            labels = set(re.findall(r'"(\w+)"', rest.split("labels=")[1])) if "labels=" in rest else set()
            found[name + ("_total" if kind == "Counter" else "")] = labels
    return found


METRICS = exposed()
FOREIGN = {"ALERTS", "ray_tasks", "ray_resources"}  # Prometheus' own, and Ray's


def selectors(expression):
    plain = re.sub(r"\$__\w+|\$\w+", "x", expression)
    found = []

    def enter(node):
        selector = node.vector_selector if isinstance(node, promql_parser.MatrixSelector) else node
        if isinstance(selector, promql_parser.VectorSelector):
            found.append((selector.name, {matcher.name for matcher in selector.matchers.matchers}))

    promql_parser.walk(promql_parser.parse(plain), enter)
    return found


def check(expression):
    found = selectors(expression)
    assert found or "vector" in expression, expression
    for name, labels in found:
        if name in FOREIGN:
            continue
        assert name in METRICS, (name, expression)
        assert labels <= METRICS[name], (name, labels - METRICS[name])


def test_the_collectors_are_read():
    assert METRICS["hfp_models"] == {"family", "horizon", "status"}
    assert METRICS["hfp_fits_total"] == {"family", "device", "status"}
    assert METRICS["hfp_lake_up"] == set()
    assert len(METRICS) > 20


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_alerts_parse_and_say_what_to_do(rule):
    check(rule["expr"])
    assert rule.keys() == {"alert", "expr", "for", "labels", "annotations"}
    promql_parser.parse_duration(rule["for"])
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert rule["annotations"].keys() == {"summary", "action"}


def test_alert_names_are_unique_and_each_is_tested():
    names = [rule["alert"] for rule in RULES]
    assert len(names) == len(set(names))
    tests = yaml.safe_load((MONITORING / "alerts.test.yaml").read_text())["tests"]
    tested = {case["alertname"] for test in tests for case in test["alert_rule_test"]}
    assert tested == set(names)


def test_a_wrong_expression_is_noticed():
    with pytest.raises(ValueError, match="paren"):
        check("sum(hfp_models")
    with pytest.raises(AssertionError):
        check("hfp_modells > 1")
    with pytest.raises(AssertionError):
        check('hfp_models{instrument="AAPL"} > 1')


def test_every_panel_asks_for_what_there_is():
    asked = set()
    for panel in DASHBOARD["panels"]:
        assert panel["title"]
        for target in panel["targets"]:
            check(target["expr"])
            asked |= {name for name, _ in selectors(target["expr"])}
    assert asked >= {"hfp_models", "hfp_stale_keys", "hfp_fit_seconds_total", "hfp_var_breach_rate", "hfp_runs"}


def test_panels_do_not_overlap():
    cells = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        own = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert max(x for x, _ in own) < 24
        assert not own & cells, panel["title"]
        cells |= own
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_variables_choose_from_labels_that_exist():
    for variable in DASHBOARD["templating"]["list"]:
        if variable["type"] == "query":
            metric, label = re.fullmatch(r"label_values\((\w+), (\w+)\)", variable["definition"]).groups()
            assert label in METRICS[metric]


def test_prometheus_own_tool_agrees():
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (Debian: prometheus); the expressions were parsed above")
    for command in (["check", "config", "prometheus.yaml"], ["test", "rules", "alerts.test.yaml"]):
        done = subprocess.run([promtool, *command], cwd=MONITORING, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
