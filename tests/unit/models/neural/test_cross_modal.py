"""CMTF: sources that are really used, masked when absent, and worth something where a signal is planted."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from hf_platform.horizons import Horizon
from hf_platform.models.base import Documents, FitTask, Fitted, OriginSet, Panel, PanelMember, Series
from hf_platform.models.families.cmtf import FAMILY, CmtfSpec
from hf_platform.models.neural.cross_section import correlation_graph, known_times, moments_at, newest_documents
from hf_platform.models.neural.layers.attention_fusion import AttentionFusion
from hf_platform.models.neural.layers.cross_modal import CrossModal, CrossModalShapes
from hf_platform.models.neural.layers.graph_encoder import GraphEncoder, batched
from hf_platform.models.neural.layers.text_encoder import TextEncoder
from hf_platform.types import GridKey

DAY = np.timedelta64(1, "D")


def planted(n_names: int, n_bars: int, *, text: float, graph: float, seed: int = 0) -> list[PanelMember]:
    """Instruments in two groups whose next return follows their text, and the last return of their group.

    Groups move together within the day by a common factor, so that the correlation graph can find them.
    """
    rng = np.random.default_rng(seed)
    direction = rng.normal(size=8)
    direction /= np.linalg.norm(direction)
    groups = np.arange(n_names) % 2
    factors = rng.normal(size=(n_bars, 2))
    sentiment = rng.normal(size=(n_bars, n_names))
    noise = rng.normal(size=(n_bars, n_names))
    returns = np.zeros((n_bars, n_names))
    for t in range(1, n_bars):
        mean = np.array([returns[t - 1, groups == group].mean() for group in (0, 1)])
        returns[t] = 0.7 * factors[t, groups] + 0.7 * noise[t] + text * sentiment[t - 1] + graph * mean[groups] * 1.2
    times = np.datetime64("2000-01-03T21:00", "us") + np.arange(n_bars) * DAY
    members = []
    for node in range(n_names):
        own = 0.01 * returns[:, node]
        own[0] = np.nan
        series = Series(f"I{node:02d}", "1d", times, times, own, np.empty((n_bars, 0)), ())
        embeddings = sentiment[:, [node]] * direction + 0.3 * rng.normal(size=(n_bars, 8))
        members.append(PanelMember(series, 1, n_bars, Documents(times, embeddings)))
    return members


def validation_loss(members: list[PanelMember], steps: int, **sources: bool) -> float:
    spec = CmtfSpec(width=16, heads=8, text_layers=1, documents=2, dropout=0.0, **sources)
    training = replace(FAMILY.training, steps=steps, batch=16, learning_rate=5e-3, check_every=10, patience=20)
    family = replace(FAMILY, spec_=spec, training=training)
    panel = Panel("net", "anchor", tuple(members), {})
    own = members[0]
    task = FitTask("m", GridKey("I00", "1d"), Horizon.parse("1d"), "fusion", own.series, own.start, own.stop, 3, panel)
    net = family.train(panel, task)
    assert not isinstance(net, str), net
    return net.loss / float(net.params["untrained_loss"])


def test_fusion_beats_prices_alone_where_text_speaks() -> None:
    members = planted(4, 400, text=0.8, graph=0.0)
    alone = validation_loss(members, 60, use_text=False, use_graph=False)
    fused = validation_loss(members, 60)
    assert fused < alone - 0.03, (fused, alone)


@pytest.mark.slow
def test_each_source_adds_what_was_planted_in_it() -> None:
    members = planted(12, 1_500, text=0.6, graph=0.6)
    alone = validation_loss(members, 300, use_text=False, use_graph=False)
    text = validation_loss(members, 300, use_graph=False)
    graph = validation_loss(members, 300, use_text=False)
    fused = validation_loss(members, 300)
    assert graph < alone - 0.01, (graph, alone)
    assert text < alone - 0.015, (text, alone)
    assert fused < min(text, graph) - 0.005, (fused, text, graph)
    without = planted(12, 1_500, text=0.0, graph=0.0)
    assert abs(validation_loss(without, 100) - validation_loss(without, 100, use_text=False, use_graph=False)) < 0.01


def shapes(**changes: object) -> CrossModalShapes:
    common = {
        "n_steps": 3, "n_outputs": 2, "width": 16, "n_heads": 8, "text_layers": 2, "text_dimensions": 5,
        "n_documents": 4, "dropout": 0.1, "has_graph": True,
    }  # fmt: skip
    return CrossModalShapes(**(common | changes))


def test_forward_and_backward_reach_every_weight() -> None:
    torch.manual_seed(0)
    net = CrossModal(shapes())
    with torch.no_grad():
        net.head.weight.normal_()
    edges = torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]])
    net.know(torch.randn(9, 5), [(edges, torch.ones(4))])
    documents = torch.randint(-1, 9, (6, 3, 4))
    documents[0] = -1  # a moment without any text
    found = net(torch.randn(6, 3, 10), torch.ones(6, 3, dtype=torch.bool), documents, torch.zeros(6, dtype=torch.int64))
    assert found.shape == (6, 3, 3, 2)
    found.square().sum().backward()
    unused = [n for n, w in net.named_parameters() if w.grad is None or not w.grad.abs().sum() > 0]
    assert unused == []
    assert torch.isfinite(found).all()


def test_the_forecast_goes_through_the_attention_and_absent_sources_get_none() -> None:
    torch.manual_seed(0)
    net = CrossModal(shapes()).eval()
    net.know(torch.randn(9, 5), [(torch.tensor([[0, 1], [1, 0]]), torch.ones(2))])
    documents = torch.tensor([[[0, 1, -1, -1], [-1, -1, -1, -1]]])
    arguments = (torch.randn(1, 2, 10), torch.ones(1, 2, dtype=torch.bool), documents, torch.tensor([0]))
    before, weights = net.fuse(*arguments)
    assert torch.allclose(weights.sum(dim=1), torch.ones(2))
    assert weights[0, 1] > 0
    assert weights[1, 1] == 0
    with torch.no_grad():
        net.fusion.attention.out_proj.weight.mul_(-1.0)
    after, _ = net.fuse(*arguments)
    assert not torch.allclose(before, after)


def test_fusion_is_the_formula_of_attention() -> None:
    torch.manual_seed(0)
    fusion = AttentionFusion(8, 2, 0.0).eval()
    tokens, present = torch.randn(3, 3, 8), torch.tensor([[True, True, False]] * 3)
    found, _ = fusion(tokens, present)
    weight, bias = fusion.attention.in_proj_weight, fusion.attention.in_proj_bias
    q, k, v = ((tokens @ w.T + b) for w, b in zip(weight.chunk(3), bias.chunk(3), strict=True))
    heads = []
    for head in (slice(0, 4), slice(4, 8)):
        scores = (q[:, :1, head] @ k[:, :2, head].transpose(1, 2)) / 2.0  # the root of 4
        heads.append(torch.softmax(scores, dim=-1) @ v[:, :2, head])
    answer = torch.cat(heads, dim=-1) @ fusion.attention.out_proj.weight.T + fusion.attention.out_proj.bias
    torch.testing.assert_close(found, fusion.norm(tokens[:, :1] + answer)[:, 0])


def test_texts_of_any_width_are_projected_and_order_matters() -> None:
    torch.manual_seed(0)
    encoder = TextEncoder(7, 16, n_heads=8, n_layers=1, n_documents=3, dropout=0.0).eval()
    with torch.no_grad():
        encoder.age.normal_()
    documents, there = torch.randn(2, 3, 7), torch.tensor([[True, True, False], [False, False, False]])
    found = encoder(documents, there)
    assert found.shape == (2, 16)
    assert (found[1] == 0).all()
    changed = documents.clone()
    changed[0, 2] = 9.0  # absent: whatever stands there
    torch.testing.assert_close(encoder(changed, there)[0], found[0])
    assert not torch.allclose(encoder(documents[:, [1, 0, 2]], there)[0], found[0])


def test_copies_of_a_graph_do_not_mix_and_absent_nodes_say_nothing() -> None:
    torch.manual_seed(0)
    encoder = GraphEncoder(4)
    graphs = [(torch.tensor([[0, 1], [1, 0]]), torch.ones(2))]
    nodes = torch.randn(2, 2, 4)
    there = torch.tensor([[True, True], [True, False]])
    edges, weights = batched(graphs, torch.tensor([0, 0]), there)
    assert edges.tolist() == [[0, 1], [1, 0]]
    found = encoder(nodes, edges, weights)
    changed = nodes.clone()
    changed[1] += 1.0
    torch.testing.assert_close(encoder(changed, edges, weights)[0], found[0])


def test_the_graph_joins_what_moves_together_and_sees_nothing_later() -> None:
    members = planted(6, 500, text=0.0, graph=0.0)
    series = [member.series for member in members]
    date = series[0].event_at[400]
    graph = correlation_graph(date, series)
    assert graph.edges.shape[1] > 0
    assert all((one - other) % 2 == 0 for one, other in graph.edges.T.tolist())
    table = np.stack([own.log_return[np.isfinite(own.log_return)][400 - 366 : 400] for own in series], axis=1)
    one, other = graph.edges[:, 0]
    expected = abs(np.corrcoef(table[:, one], table[:, other])[0, 1])
    assert graph.weights[0] == pytest.approx(expected, abs=0.02)
    later = [replace(own, log_return=np.where(own.event_at > date, 5.0, own.log_return)) for own in series]
    again = correlation_graph(date, later)
    np.testing.assert_array_equal(again.edges, graph.edges)
    np.testing.assert_array_equal(again.weights, graph.weights)


def test_moments_see_of_each_series_only_what_was_published() -> None:
    members = planted(2, 200, text=0.0, graph=0.0)
    late = replace(members[1].series, known_at=members[1].series.event_at + np.timedelta64(12, "h"))
    series = [members[0].series, late]
    found = moments_at(known_times(series[0])[100:110], series, [0.01, 0.01], 20, 5)
    np.testing.assert_array_equal(found.bars[:, 0], np.arange(100, 110))
    np.testing.assert_array_equal(found.bars[:, 1], np.arange(99, 109))
    assert found.is_fresh[:, 0].all()
    assert not found.is_fresh[:, 1].any()
    np.testing.assert_allclose(found.steps[3, 1] * found.units[3, 1] / np.sqrt(5), late.log_return[83:103], rtol=1e-12)


def test_documents_count_from_their_publication_and_are_forgotten() -> None:
    times = np.datetime64("2020-01-01", "us") + np.arange(5) * DAY
    documents = Documents(times, np.arange(10.0).reshape(5, 2))
    numbers, table = newest_documents(times[[0, 3]] - np.timedelta64(1, "us"), [None, documents], 3, 2 * DAY)
    assert numbers[:, 0].max() == -1
    assert numbers[0, 1].tolist() == [-1, -1, -1]
    assert numbers[1, 1].tolist() == [2, 1, -1]
    np.testing.assert_array_equal(table, documents.embeddings)


def test_a_panel_forecast_does_not_depend_on_who_is_asked_or_on_later_bars() -> None:
    members = planted(4, 420, text=0.5, graph=0.5)
    members = [replace(member, stop=350) for member in members]
    training = replace(FAMILY.training, steps=4, batch=4, check_every=2, keep_best=False)
    family = replace(FAMILY, training=training, spec_=CmtfSpec(text_layers=1))
    panel = Panel("net", "anchor", tuple(members), {})

    def task(node: int) -> FitTask:
        own = members[node]
        key = GridKey(own.series.instrument, "5d")
        return FitTask(f"m{node}", key, Horizon.parse("5d"), "fusion", own.series, 1, 350, 3, panel)

    fits = family.fit_many([task(node) for node in range(4)])
    assert all(isinstance(fit, Fitted) for fit in fits)
    (single,) = family.fit_many([task(2)])
    assert single.state == fits[2].state
    asked = [OriginSet(member.series, np.array([349, 380, 400])) for member in members]
    everyone = family.forecast_many(fits, asked)
    (alone,) = family.forecast_many([single], [asked[2]])
    np.testing.assert_array_equal(alone.quantiles, everyone[2].quantiles)
    later = [
        replace(m, series=replace(m.series, log_return=np.where(np.arange(420) > 380, 0.5, m.series.log_return)))
        for m in members
    ]
    moved = replace(panel, members=tuple(later))
    changed = family.forecast_many(
        [
            replace(fit, task=replace(fit.task, series=m.series, panel=moved))
            for fit, m in zip(fits, later, strict=True)
        ],
        [OriginSet(m.series, own.indices) for m, own in zip(later, asked, strict=True)],
    )
    np.testing.assert_array_equal(changed[2].quantiles[:2], everyone[2].quantiles[:2])
    assert not np.array_equal(changed[2].quantiles[2], everyone[2].quantiles[2])
