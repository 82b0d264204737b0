"""Run the network in this folder on SpiNNaker: ``python run.py``; needs sPyNNaker, not neuro.

    python run.py                the machine that spynnaker.cfg names; writes results.npz
    python run.py --virtual      no machine: place and route only; writes reports and weights
    python run.py --calibrate    one isolated pairing: how large are the steps of STDP there?

In results.npz are ``spikes/NAME/step`` and ``spikes/NAME/index``, ``trace/NAME/VARIABLE`` with a row
for each step, and ``weights/PROJECTION``.
"""

import argparse
import configparser
import contextlib
import json
import math
import os
import socket
import sys
import threading
from pathlib import Path

HERE = Path(__file__).resolve().parent
SCAMP_PORT, SPALLOC_PORT = 17893, 22244
VERSION_REQUEST = bytes.fromhex("000087ffff000000000000000000") + bytes(16)


def main():
    options = read_options()
    os.chdir(HERE / "virtual" if options.virtual else HERE)  # spynnaker.cfg is read from here
    give_home()
    if not options.virtual:
        check_machine(Path("spynnaker.cfg"))
    if options.calibrate:
        calibrate(virtual=options.virtual)
        return
    run(options.out.resolve(), virtual=options.virtual)


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--virtual", action="store_true", help="map only, without a machine")
    parser.add_argument("--calibrate", action="store_true", help="measure one step of STDP")
    parser.add_argument("--out", type=Path, default=HERE, help="folder for the results")
    return parser.parse_args()


def give_home():
    """SPyNNaker fails without ~/.spynnaker.cfg; who has none gets an empty one here, not at home."""
    if not (Path.home() / ".spynnaker.cfg").exists():
        home = HERE / "home"
        home.mkdir(exist_ok=True)
        (home / ".spynnaker.cfg").touch()
        os.environ["HOME"] = os.environ["USERPROFILE"] = str(home)


def run(out, virtual):
    import numpy as np
    from pynn_network import Network

    network = Network(HERE, "pyNN.spiNNaker")
    network.build()
    network.sim.run(network.plan["steps"] * network.dt)
    results = {f"weights/{name}": np.abs(network.weights(name)) for name in network.projections}
    if virtual:
        (out / "machine.json").write_text(json.dumps({"chips": chips()}), encoding="utf-8")
    else:
        results.update(network.recorded())
    np.savez(out / "results.npz", **results)
    network.sim.end()
    what = "placed and routed; nothing ran, so there are no spikes" if virtual else "ran"
    print(f"{network.plan['name']}: {what}; wrote {out / 'results.npz'}")


def chips():
    """The chips of the machine that sPyNNaker made up."""
    from spinn_front_end_common.data import FecDataView

    machine = FecDataView.get_machine()
    return [{"x": int(c.x), "y": int(c.y), "cores": int(c.n_processors)} for c in machine.chips]


# Is the machine there? ---------------------------------------------------------------------------


def check_machine(path):
    """Stop with a sentence if the machine in `path` does not answer; takes 15 s at most."""
    config = configparser.ConfigParser()
    config.read(path)
    machine = config["Machine"]
    name = machine.get("machine_name") or machine.get("spalloc_server")
    if not name:
        sys.exit(f"{path.resolve()}: set machine_name or spalloc_server, or use --virtual.")
    address = resolve(name)
    if address is None:
        sys.exit(f"There is no machine called {name!r} (its name has no address). Correct {path}.")
    answers = knock_spalloc if "spalloc_server" in machine else knock_machine
    if not answers(address):
        sys.exit(f"The machine {name!r} ({address}) does not answer. Is it on, and reachable?")


def resolve(name):
    """The address of a host; None if it has none, or that takes more than 5 s."""
    found = []

    def look():
        with contextlib.suppress(OSError):
            found.append(socket.gethostbyname(name))

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    thread.join(5.0)
    return found[0] if found else None


def knock_machine(address):
    """Ask the monitor of chip (0, 0) for its version, three times."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.settimeout(2.0)
        for _ in range(3):
            try:
                link.sendto(VERSION_REQUEST, (address, SCAMP_PORT))
                return bool(link.recv(512))
            except OSError:
                continue
    return False


def knock_spalloc(address):
    try:
        with socket.create_connection((address, SPALLOC_PORT), timeout=6.0):
            return True
    except OSError:
        return False


# Calibration -------------------------------------------------------------------------------------


def calibrate(virtual):
    """Pair one presynaptic spike with one postsynaptic spike 6 ms later and read the weight.

    Versions of sPyNNaker differ in whether the amplitudes of additive STDP are multiplied by w_max.
    """
    import pyNN.spiNNaker as sim

    start, step, w_max, tau = 0.5, 0.25, 2.0, 20.0
    sim.setup(timestep=1.0)
    pre = sim.Population(1, sim.SpikeSourceArray([[10.0, 60.0]]), label="pre")
    driver = sim.Population(1, sim.SpikeSourceArray([[14.0]]), label="driver")
    cell = sim.IF_curr_exp(
        cm=0.27,
        tau_m=3.0,
        tau_refrac=1.0,
        tau_syn_E=0.3,
        tau_syn_I=0.3,
        v_rest=-60.0,
        v_reset=-60.0,
        v_thresh=-57.0,
    )
    post = sim.Population(1, cell, label="post")
    post.record("spikes")
    rule = sim.STDPMechanism(
        timing_dependence=sim.SpikePairRule(tau_plus=tau, tau_minus=tau, A_plus=step, A_minus=step),
        weight_dependence=sim.AdditiveWeightDependence(w_min=0.0, w_max=w_max),
        weight=start,
        delay=1.0,
    )
    plastic = sim.Projection(pre, post, sim.OneToOneConnector(), rule)
    sim.Projection(driver, post, sim.OneToOneConnector(), sim.StaticSynapse(weight=6.0, delay=1.0))
    sim.run(80.0)
    weight = float(plastic.get("weight", format="list")[0][2])
    sim.end()
    change = step * (math.exp(-6 / tau) - math.exp(-44 / tau))
    print(f"weight {weight:.4f} after the pairing; {start:g} before")
    print(f"  {start + change:.4f} if amplitudes are absolute (what this network was written for)")
    print(f"  {start + w_max * change:.4f} if they are multiplied by w_max")
    if virtual:
        print("This was a virtual board: nothing ran, and the weight is the one it began with.")


if __name__ == "__main__":
    main()
