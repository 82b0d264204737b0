"""Brian2 does to the last bit what the reference does."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import numpy as np
import pytest

import neuro
from neuro.backends.registry import get_backend
from neuro.drive import drive_of
from neuro.recording.collect import MemorySink
from neuro.simulation.verify import first_difference
from neuro.testing.conformance import judge, suite
from neuro.testing.random_networks import SMALL, FixedChoices, random_case
from tests.conftest import needs_brian2

pytestmark = needs_brian2
SUITE = suite()


@pytest.fixture(scope="module", autouse=True)
def _what_is_there_is_not_searched_again() -> Iterator[None]:
    """Brian2 collects garbage in each run; among all that pytest holds, that takes longest."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.parametrize("name", SUITE)
def test_it_conforms(name: str) -> None:
    outcome = judge(SUITE[name](), "brian2")
    assert outcome.verdict == "equal", outcome.detail


@pytest.mark.parametrize("number", range(5))
def test_a_run_goes_on_from_another_engines_snapshot(number: int) -> None:
    case = random_case(FixedChoices(1000 + number), sizes=SMALL)
    drive, snapshots = drive_of(case.network, case.inputs), []
    engine = get_backend("reference").compile(case.network, None, case.seed)
    for _ in range(2):
        engine.advance(27, drive, MemorySink())
        snapshots.append(engine.snapshot())
    brian2 = get_backend("brian2")
    engine = brian2.compile(case.network, brian2.Options(), case.seed)
    engine.advance(5, drive, MemorySink())  # its queues are not empty then
    engine.restore(snapshots[0])
    engine.advance(27, drive, MemorySink())
    difference = first_difference(snapshots[1], engine.snapshot(), 54)
    assert difference is None, str(difference)


def test_names_that_brian2_does_not_accept_are_changed() -> None:
    from neuro.backends.brian2.identifiers import Identifiers
    from neuro.backends.brian2.installed import exact_code, load_brian2

    b2 = load_brian2()
    from brian2.core.namespace import DEFAULT_CONSTANTS, DEFAULT_FUNCTIONS, DEFAULT_UNITS

    with exact_code(b2):
        group = b2.NeuronGroup(1, "v : 1", threshold="v > 1", reset="v = 0", name="probe")
        synapses = b2.Synapses(group, group, "w : 1", on_pre="v_post += w")
        b2.Network(group, synapses)
    attributes = {n for o in (group, synapses) for n in dir(o) if not n.startswith("_")}
    attributes -= {"v", "w", "v_pre", "v_post", "v_"}
    for name in sorted({*DEFAULT_UNITS, *DEFAULT_FUNCTIONS, *DEFAULT_CONSTANTS, *attributes}):
        assert Identifiers().new(name) != name, name
    assert Identifiers().new("tau_m") == "tau_m"


def test_one_name_is_handed_out_once() -> None:
    from neuro.backends.brian2.identifiers import Identifiers

    names = Identifiers(["v"])
    found = [names.new(wish) for wish in ("v", "v", "ms", "nr_x", "2x", "v_post", "größe", "")]
    assert len(set(found)) == len(found)
    assert all(name.isidentifier() and name.isascii() for name in found)


def test_fixed_point_is_refused() -> None:
    net = neuro.NetworkBuilder(dt=1.0, name="fixed", format=neuro.fixed_point(7, 24))
    net.population(1, neuro.LIF(), label="cell")
    findings = neuro.check(net.build(), "brian2")
    assert [(f.severity, f.rule) for f in findings] == [("error", "number-format")]


def test_names_that_mean_something_to_brian2_make_no_difference() -> None:
    cell = neuro.ir.declare.cell_type(
        "awkward",
        parameters="cm : ms = 5",
        state="rate : 1 = 0, held\n exp_ : 1 = 0",
        ports="volt : 1",
        update="second = rate * 0.5\n rate = second * exp(-dt / cm) + volt\n exp_ = rate",
        spike="rate > 1",
        reset="rate = 0",
        refractory="2 * ms",
    )
    net = neuro.NetworkBuilder(dt=1.0, name="awkward")
    source = net.population(2, neuro.SpikeSourcePoisson(rate=300.0), label="i")
    cells = net.population(2, neuro.CustomCell(cell), label="lambda")
    net.projection(
        source, cells, neuro.AllToAllConnector(), neuro.StaticSynapse(weight=0.7), label="class"
    )
    cells.record(["spikes", "rate"])
    found = neuro.verify(
        net.build(), steps=40, backends=["reference", "brian2"], progress=None, seed=1
    )
    assert found.identical, found.divergences


def test_what_it_says_of_itself() -> None:
    recording = neuro.simulate(SUITE["cell/LIF value/float32"]().network, 3, backend="brian2")
    provenance = recording.provenance
    assert (provenance.backend, provenance.device) == ("brian2", "host")
    assert provenance.engine["mode"] == "runtime"
    assert provenance.engine["brian2"][0].isdigit()


def test_preferences_of_brian2_are_put_back() -> None:
    from neuro.backends.brian2.installed import load_brian2

    b2 = load_brian2()
    before = b2.prefs["codegen.target"], b2.prefs["codegen.loop_invariant_optimisations"]
    neuro.simulate(SUITE["cell/LIF value/float32"]().network, 3, backend="brian2")
    after = b2.prefs["codegen.target"], b2.prefs["codegen.loop_invariant_optimisations"]
    assert before == after


def test_inputs_may_change_from_run_to_run() -> None:
    net = neuro.NetworkBuilder(dt=1.0, name="fed")
    source = net.population(3, neuro.SpikeSourceArray(), label="source")
    cells = net.population(3, neuro.LIF(), label="cells")
    net.projection(
        source, cells, neuro.OneToOneConnector(), neuro.StaticSynapse(weight=2.0, delay=3.0)
    )
    network = net.build()
    spikes = []
    for backend in ("reference", "brian2"):
        with neuro.Session(network, backend=backend) as session:
            for inputs in (([0, 1], [0, 2]), ([2], [1])):
                recording = session.run(4, inputs={"source": inputs})
                spikes.append(recording.spikes["cells"].step.tolist())
            session.write("cells", "v", np.array([2.0, 0.0, 0.0]))
            spikes.append(session.run(1).spikes["cells"].index.tolist())
    assert spikes[:3] == spikes[3:]
    assert spikes[0] == [3]
