"""MIG: NVIDIA's tables, packing laws, and the commands against a fake nvidia-smi that keeps NVIDIA's rules."""

import os
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hf_platform.capacity import mig_commands
from hf_platform.capacity.mig import GUIDE_GB, Demand, parse_demand, place, plan_slices, smallest_profile
from hf_platform.capacity.mig_profiles import COMPUTE_SLICES, MEMORY_SLICES, MIG_GPUS, mig_gpu
from hf_platform.errors import ConfigError, MigUnsupportedError, StoreError, UnknownNameError

# NVIDIA's MIG user guide: profile, how many, compute slices of 7, memory slices of 8, starts.
TABLES = {
    "A100-40": ["1g.5gb", "1g.5gb+me", "1g.10gb", "2g.10gb", "3g.20gb", "4g.20gb", "7g.40gb"],
    "A100-80": ["1g.10gb", "1g.10gb+me", "1g.20gb", "2g.20gb", "3g.40gb", "4g.40gb", "7g.80gb"],
    "H100": ["1g.10gb", "1g.10gb+me", "1g.20gb", "2g.20gb", "3g.40gb", "4g.40gb", "7g.80gb"],
    "H200": ["1g.18gb", "1g.18gb+me", "1g.35gb", "2g.35gb", "3g.71gb", "4g.71gb", "7g.141gb"],
}
SHAPES = [
    (7, 1, 1, tuple(range(7))),
    (1, 1, 1, tuple(range(7))),
    (4, 1, 2, (0, 2, 4, 6)),
    (3, 2, 2, (0, 2, 4)),
    (2, 3, 4, (0, 4)),
    (1, 4, 4, (0,)),
    (1, 7, 8, (0,)),
]


@pytest.mark.parametrize("name", TABLES)
def test_profiles_are_nvidias(name):
    profiles = MIG_GPUS[name].profiles
    assert [profile.name for profile in profiles] == TABLES[name]
    assert [(p.most, p.compute, p.memory, p.starts) for p in profiles] == SHAPES
    assert [p.profile_id for p in profiles] == [19, 20, 15, 14, 9, 5, 0]


def test_the_guides_counts_are_among_them():
    most = {gpu: {p.name: p.most for p in MIG_GPUS[gpu].profiles} for gpu in ("H100", "A100-40")}
    assert most["H100"].items() >= {"1g.10gb": 7, "2g.20gb": 3, "3g.40gb": 2, "7g.80gb": 1}.items()
    assert most["A100-40"].items() >= {"1g.5gb": 7, "2g.10gb": 3, "3g.20gb": 2, "7g.40gb": 1}.items()


@pytest.mark.parametrize("name", TABLES)
def test_as_many_of_each_fit_as_nvidia_says_and_no_more(name):
    for profile in MIG_GPUS[name].profiles:
        assert place([("m", profile)] * profile.most) is not None
        assert place([("m", profile)] * (profile.most + 1)) is None


@pytest.mark.parametrize(
    ("gpu", "gb", "profile"),
    [
        ("H100", 1, "1g.10gb"),
        ("H100", 8, "1g.10gb"),
        ("H100", 9.2, "1g.20gb"),  # 10.1 GB with headroom
        ("H100", 20, "3g.40gb"),  # 22 GB with headroom: 20 GB do not hold it
        ("A100-40", 1, "1g.5gb"),
        ("A100-40", 5, "1g.10gb"),
        ("A100-40", 8, "1g.10gb"),
        ("A100-40", 20, "7g.40gb"),
        ("H200", 20, "1g.35gb"),
        ("H200", 80, "7g.141gb"),
    ],
)
def test_the_smallest_profile_that_holds_a_model_with_headroom(gpu, gb, profile):
    found = smallest_profile(mig_gpu(gpu), gb)
    assert found.name == profile
    smaller = [
        p for p in mig_gpu(gpu).profiles if not p.media and (p.memory, p.compute) < (found.memory, found.compute)
    ]
    assert all(p.gb < gb * 1.1 for p in smaller)


def test_a_card_without_mig_is_a_typed_error_that_survives_pickling():
    import pickle

    for name in ("RTX 4090", "MI300X", "nonsense"):
        with pytest.raises(MigUnsupportedError, match="Ray's fractions") as caught:
            mig_gpu(name)
        assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    assert isinstance(caught.value, ConfigError)


def test_a_model_larger_than_the_card_is_refused():
    with pytest.raises(ConfigError, match="must fit into one card"):
        smallest_profile(mig_gpu("H100"), 79)


demands = st.lists(
    st.builds(Demand, st.sampled_from("abc"), st.floats(0.5, 36), st.integers(1, 4)), min_size=1, max_size=5
)


@settings(max_examples=60, deadline=None)
@given(gpu=st.sampled_from(sorted(MIG_GPUS)), wanted=demands, headroom=st.floats(0, 0.1))
def test_packing_never_exceeds_slices_and_places_every_model(gpu, wanted, headroom):
    card = mig_gpu(gpu)
    plan = plan_slices(card, wanted, headroom=headroom)
    for laid in plan.cards:
        assert laid
        assert sum(one.profile.compute for one in laid) <= COMPUTE_SLICES
        covered = [index for one in laid for index in one.slices]
        assert len(covered) == len(set(covered)) <= MEMORY_SLICES
        assert all(0 <= index < MEMORY_SLICES for index in covered)
        assert all(one.start in one.profile.starts for one in laid)
        assert all(sum(o.profile == one.profile for o in laid) <= one.profile.most for one in laid)
    names = sorted(one.model for laid in plan.cards for one in laid)
    assert names == sorted(name for d in wanted for name in [d.name] * d.n)
    by_name = {one.model: [] for laid in plan.cards for one in laid}
    for laid in plan.cards:
        for one in laid:
            by_name[one.model].append(one.profile.gb)
    for name, gbs in by_name.items():
        needs = sorted(d.gb * (1 + headroom) for d in wanted if d.name == name for _ in range(d.n))
        assert all(have >= need for have, need in zip(sorted(gbs), needs, strict=True))
    assert sum(plan.resources().values()) == len(names)


def test_the_guides_families_share_one_h100():
    plan = plan_slices(mig_gpu("h100"), [parse_demand(name, GUIDE_GB) for name in GUIDE_GB])
    assert len(plan.cards) == 1
    assert plan.resources() == {"nvidia.com/mig-1g.10gb": 4, "nvidia.com/mig-3g.40gb": 1}
    assert mig_gpu("H100").profile("1g.10gb+me").resource == "nvidia.com/mig-1g.10gb.me"


def test_demands_are_read_or_refused():
    assert parse_demand("nbeats", GUIDE_GB) == Demand("nbeats", 5.0)
    assert parse_demand("ours=7.5:3", GUIDE_GB) == Demand("ours", 7.5, 3)
    assert parse_demand("nbeats:2", GUIDE_GB) == Demand("nbeats", 5.0, 2)
    with pytest.raises(UnknownNameError, match="say NAME=GB"):
        parse_demand("ours", GUIDE_GB)
    for wrong in ("", "a=b", "a:0", "a=0", "1a", "a b"):
        with pytest.raises(ConfigError):
            parse_demand(wrong, {"a": 1.0})


# A card that follows NVIDIA's rules on placements and slices; state in a JSON file, a log of every call.
FAKE = """#!{python}
import json, os, sys
state_file, log = os.environ["FAKE_STATE"], os.environ["FAKE_LOG"]
args = sys.argv[1:]
open(log, "a").write(" ".join(args) + "\\n")
state = json.load(open(state_file))
starts = {{19: range(7), 20: range(7), 15: (0, 2, 4, 6), 14: (0, 2, 4), 9: (0, 4), 5: (0,), 0: (0,)}}
shape = {{19: (1, 1), 20: (1, 1), 15: (1, 2), 14: (2, 2), 9: (3, 4), 5: (4, 4), 0: (7, 8)}}
def fail(text, code=1):
    print(text); sys.exit(code)
def save():
    json.dump(state, open(state_file, "w"))
index = args[args.index("-i") + 1]
if index not in state:
    fail("No devices were found", 6)
card = state[index]
if args[0] != "mig":
    if "-mig" in args:
        if args[args.index("-mig") + 1] == "0" and card["instances"]:
            fail("In use by another client")
        card["pending" if card.get("sticky") else "mode"] = "Enabled" if args[-1] == "1" else "Disabled"
        save()
    elif "--query-gpu=mig.mode.current" in args:
        print(card["mode"])
    else:
        print(card["name"] + ", " + str(card["mib"]))
elif card["mode"] != "Enabled":
    fail("No MIG-enabled devices found.", 6)
elif "-lgi" in args:
    if not card["instances"]:
        fail("No GPU instances found: Not Found", 6)
    print("| GPU instances: |")
    for i in card["instances"]:
        row = (index, i["p"], i["id"], i["s"], shape[i["p"]][1])
        print("|   %s  MIG 1g.10gb      %4d    %4d       %4d:%d     |" % row)
elif "-lci" in args:
    have = [i for i in card["instances"] if i["c"]]
    if not have:
        fail("No compute instances found: Not Found", 6)
    for i in have:
        print("|   %s    %4d    MIG 1g.10gb   0   0   0:1 |" % (index, i["id"]))
elif "-cgi" in args:
    for text in args[args.index("-cgi") + 1].split(","):
        p, s = map(int, text.split(":"))
        taken = {{x for i in card["instances"] for x in range(i["s"], i["s"] + shape[i["p"]][1])}}
        spent = sum(shape[i["p"]][0] for i in card["instances"])
        if s not in starts[p] or taken & set(range(s, s + shape[p][1])) or spent + shape[p][0] > 7:
            fail("Unable to create a GPU instance: Insufficient Resources", 19)
        card["instances"].append({{"p": p, "s": s, "id": 1 + len(card["instances"]), "c": "-C" in args}})
        save()
elif "-cci" in args:
    wanted = int(args[args.index("-gi") + 1])
    for i in card["instances"]:
        if i["id"] == wanted:
            i["c"] = True
    save()
elif "-dci" in args:
    for i in card["instances"]:
        i["c"] = False
    save()
elif "-dgi" in args:
    if any(i["c"] for i in card["instances"]):
        fail("In use by another client", 19)
    card["instances"] = []
    save()
else:
    fail("unknown", 2)
"""


@pytest.fixture
def card(tmp_path, monkeypatch):
    """A fake nvidia-smi first on PATH, two H100 cards."""
    import json

    program = tmp_path / "bin" / "nvidia-smi"
    program.parent.mkdir()
    program.write_text(FAKE.format(python=sys.executable))
    program.chmod(0o755)
    state, log = tmp_path / "state.json", tmp_path / "log"
    fresh = {"mode": "Disabled", "instances": [], "name": "NVIDIA H100 80GB HBM3", "mib": 81559}
    state.write_text(json.dumps({"0": fresh, "1": fresh}))
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("FAKE_STATE", str(state))
    monkeypatch.setenv("FAKE_LOG", str(log))

    class Card:
        def read(self):
            return json.loads(state.read_text())

        def write(self, index, **values):
            found = self.read()
            found[index] |= values
            state.write_text(json.dumps(found))

        def calls(self):
            return Path(log).read_text().splitlines() if Path(log).exists() else []

    return Card()


def h100_plan(*texts):
    return plan_slices(mig_gpu("H100"), [parse_demand(text, GUIDE_GB) for text in texts])


def test_apply_makes_the_plan_and_a_second_time_nothing(card):
    plan = h100_plan("nbeats:3", "patchtst", "timesfm")
    done = mig_commands.apply(plan)
    assert done == mig_commands.commands(plan)
    laid = {(i["p"], i["s"]) for i in card.read()["0"]["instances"]}
    assert laid == {(one.profile.profile_id, one.start) for one in plan.cards[0]}
    assert all(i["c"] for i in card.read()["0"]["instances"])
    assert mig_commands.apply(plan) == []
    assert card.read()["1"]["mode"] == "Disabled"


def test_two_cards_are_looked_at_before_the_first_is_touched(card):
    plan = h100_plan("timesfm:3")
    assert len(plan.cards) == 2
    card.write("1", mode="Enabled", instances=[{"p": 0, "s": 0, "id": 1, "c": True}])
    with pytest.raises(ConfigError, match="--replace"):
        mig_commands.apply(plan)
    assert card.read()["0"]["mode"] == "Disabled"
    mig_commands.apply(plan, replace=True)
    assert [len(card.read()[index]["instances"]) for index in "01"] == [2, 1]


def test_an_interrupted_run_is_completed(card):
    plan = h100_plan("nbeats:2", "timesfm")
    first, *rest = plan.cards[0]
    half = [{"p": first.profile.profile_id, "s": first.start, "id": 1, "c": False}]
    card.write("0", mode="Enabled", instances=half)
    done = mig_commands.apply(plan)
    assert [command[-1] for command in done] == ["-C", "-cci"]
    assert len(card.read()["0"]["instances"]) == 1 + len(rest)
    assert all(i["c"] for i in card.read()["0"]["instances"])
    assert mig_commands.apply(plan) == []


@pytest.mark.parametrize(
    ("name", "mib"),
    [("NVIDIA A100-SXM4-80GB", 81920), ("NVIDIA H100 NVL", 95830), ("NVIDIA GeForce RTX 4090", 24564)],
)
def test_another_card_is_refused_untouched(card, name, mib):
    card.write("0", name=name, mib=mib)
    with pytest.raises(ConfigError, match="card 0 must be a H100"):
        mig_commands.apply(h100_plan("nbeats"))
    assert not [call for call in card.calls() if "-mig" in call or "-cgi" in call]


def test_a_card_that_is_not_there(card):
    with pytest.raises(StoreError, match="No devices were found"):
        mig_commands.apply(h100_plan("nbeats"), first_index=7)


def test_a_pending_mode_asks_for_a_reset(card):
    card.write("0", sticky=True)
    with pytest.raises(StoreError, match="Reset it"):
        mig_commands.apply(h100_plan("nbeats"))


def test_tear_down_undoes_and_can_be_repeated(card):
    mig_commands.apply(h100_plan("nbeats"))
    assert mig_commands.tear_down(0) == mig_commands.teardown_commands(0)
    assert card.read()["0"] == card.read()["0"] | {"mode": "Disabled", "instances": []}
    assert mig_commands.tear_down(0) == []
    card.write("0", mode="Enabled")
    assert mig_commands.tear_down(0) == mig_commands.teardown_commands(0)[2:]


def test_without_the_program_the_error_says_where_to_run_it(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StoreError, match="Run it on the GPU's host"):
        mig_commands.apply(h100_plan("nbeats"))


@settings(max_examples=25, deadline=None)
@given(gpu=st.sampled_from(sorted(MIG_GPUS)), wanted=demands)
def test_commands_are_accepted_by_a_card_that_keeps_the_rules(gpu, wanted):
    # An oracle apart from the planner: it only knows what is taken, in the order in which the command creates.
    plan = plan_slices(mig_gpu(gpu), wanted, headroom=0.0)
    by_id = {p.profile_id: p for p in mig_gpu(gpu).profiles}
    for enable, create in zip(*[iter(mig_commands.commands(plan))] * 2, strict=True):
        assert enable[-2:] == ["-mig", "1"]
        free, compute = set(range(8)), 7
        for text in create[create.index("-cgi") + 1].split(","):
            profile_id, start = map(int, text.split(":"))
            profile = by_id[profile_id]
            assert start in profile.starts
            assert free >= set(range(start, start + profile.memory))
            free -= set(range(start, start + profile.memory))
            compute -= profile.compute
        assert compute >= 0
