"""Time training steps of neuro and of other frameworks in turn, on one machine in one go.

    python benchmarks/training.py [--repeat 7] [--threads 1] [--only feedforward,recurrent,scan] [--device cuda]

Prints medians of processor and wall seconds, ratios to neuro, and the largest resident memory that
a process of each framework needs.  Frameworks that are not installed are left out, with a word.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

import neuro
from neuro.backends.torch.scan import affine_scan, parallel_scan

BATCH, STEPS, INPUTS, CLASSES = 256, 100, 700, 20
DEVICE = torch.device("cpu")
Step = Callable[[], Any]


@dataclass(frozen=True)
class Work:
    """A training step of one framework, and its forward pass alone."""

    forward: Step
    train: Step


class Surrogate(torch.autograd.Function):
    """The fast sigmoid, for plain torch."""

    @staticmethod
    def forward(ctx: Any, u: Tensor) -> Tensor:
        """1 above the threshold."""
        ctx.save_for_backward(u)
        return (u >= 0).to(u.dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        """The fast sigmoid's slope."""
        (u,) = ctx.saved_tensors
        return gradients[0] / (1 + 25 * u.abs()) ** 2


def work_of(run: Callable[[], Tensor], parameters: Any) -> Work:
    """`run` gives the counts of the classes; Adam makes their cross-entropy small."""
    optimiser = torch.optim.Adam(parameters, 1e-3)
    labels = torch.randint(0, CLASSES, (BATCH,), generator=torch.Generator().manual_seed(1))
    labels = labels.to(DEVICE)

    def train() -> None:
        counts = run()
        loss = nn.functional.cross_entropy(counts, labels[: len(counts)])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    def forward() -> None:
        with torch.no_grad():
            run()

    return Work(forward, train)


# 700 - 128 - 128 - 20, a twentieth of the inputs spike -----------------------------------------

SIZES = ((INPUTS, 128), (128, 128), (128, CLASSES))


def spikes(steps: int = STEPS, batch: int = BATCH) -> Tensor:
    """Input spikes, shape (steps, batch, 700)."""
    generator = torch.Generator().manual_seed(0)
    return (torch.rand(steps, batch, INPUTS, generator=generator) < 0.05).float().to(DEVICE)


def layers() -> nn.ModuleList:
    """The weights that all frameworks start from."""
    torch.manual_seed(0)
    return nn.ModuleList(nn.Linear(a, b, bias=False) for a, b in SIZES).to(DEVICE)


def feedforward_neuro() -> Work:
    """Ours."""
    net = neuro.NetworkBuilder(dt=1.0, name="feedforward", seed=1)
    pre = net.population(INPUTS, neuro.SpikeSourceArray(), label="source")
    for place, layer in enumerate(layers()):
        cell = neuro.LIF(tau_m=-1 / np.log(0.9), reset="subtract")
        post = net.population(layer.out_features, cell, label=f"layer{place}")
        synapse = neuro.StaticSynapse(weight=layer.weight.detach().cpu().numpy().T.copy())
        net.projection(pre, post, neuro.DenseConnector(), synapse)
        pre = post
    module, given = neuro.to_torch(net.build()).to(DEVICE), spikes()
    return work_of(lambda: module(given).spikes["layer2"].sum(0), module.parameters())


def feedforward_torch() -> Work:
    """Plain torch, step by step."""
    own, given = layers(), spikes()

    def run() -> Tensor:
        state: list[Any] = [0.0] * len(own)
        total: Any = 0.0
        for now in given:
            for place, layer in enumerate(own):
                v = 0.9 * state[place] + layer(now)
                now = Surrogate.apply(v - 1)  # noqa: PLW2901 - from layer to layer
                state[place] = v - now.detach()
            total = total + now
        return total

    return work_of(run, own.parameters())


def feedforward_snntorch() -> Work:
    """SnnTorch's Leaky."""
    import snntorch
    from snntorch import surrogate

    own, given = layers(), spikes()
    gradient = surrogate.fast_sigmoid(slope=25)
    cells = [snntorch.Leaky(beta=0.9, spike_grad=gradient).to(DEVICE) for _ in own]

    def run() -> Tensor:
        state = [cell.reset_mem() for cell in cells]
        total: Any = 0.0
        for now in given:
            for place, (layer, cell) in enumerate(zip(own, cells, strict=True)):
                now, state[place] = cell(layer(now), state[place])  # noqa: PLW2901
            total = total + now
        return total

    return work_of(run, own.parameters())


def feedforward_norse() -> Work:
    """Norse's LIFBoxCell."""
    from norse.torch import LIFBoxCell

    own, given = layers(), spikes()
    cells = [LIFBoxCell().to(DEVICE) for _ in own]

    def run() -> Tensor:
        state: list[Any] = [None] * len(own)
        total: Any = 0.0
        for now in given:
            for place, (layer, cell) in enumerate(zip(own, cells, strict=True)):
                now, state[place] = cell(layer(now), state[place])  # noqa: PLW2901
            total = total + now
        return total

    return work_of(run, own.parameters())


def feedforward_spikingjelly() -> Work:
    """SpikingJelly's LIFNode, all steps at once."""
    from spikingjelly.activation_based import functional, layer, neuron

    def cell() -> Any:
        return neuron.LIFNode(tau=10.0, v_reset=None, detach_reset=True, step_mode="m")

    parts = [
        part for a, b in SIZES for part in (layer.Linear(a, b, bias=False, step_mode="m"), cell())
    ]
    own, given = nn.Sequential(*parts).to(DEVICE), spikes()

    def run() -> Tensor:
        functional.reset_net(own)
        return own(given).sum(0)

    return work_of(run, own.parameters())


# 128 adaptive cells, recurrent, 1,000 steps -----------------------------------------------------

LONG, FEW, CELLS = 1000, 32, 128


def recurrent_weights() -> tuple[Tensor, Tensor]:
    """Weights of the inputs and of the recurrence."""
    generator = torch.Generator().manual_seed(0)
    first = torch.randn(INPUTS, CELLS, generator=generator) / INPUTS**0.5
    return first, torch.randn(CELLS, CELLS, generator=generator) / CELLS**0.5


def recurrent_neuro() -> Work:
    """Ours."""
    first, back = recurrent_weights()
    net = neuro.NetworkBuilder(dt=1.0, name="recurrent", seed=1)
    source = net.population(INPUTS, neuro.SpikeSourceArray(), label="source")
    cells = net.population(CELLS, neuro.ALIF(), label="cells")
    for pre, weight in ((source, first), (cells, back)):
        synapse = neuro.StaticSynapse(weight=weight.numpy())
        net.projection(pre, cells, neuro.DenseConnector(), synapse)
    module, given = neuro.to_torch(net.build()).to(DEVICE), spikes(LONG, FEW)
    return work_of(lambda: module(given).spikes["cells"][..., :CLASSES].sum(0), module.parameters())


def recurrent_torch() -> Work:
    """The same cell, with the product of all inputs in one go."""
    first, back = (nn.Parameter(w.to(DEVICE)) for w in recurrent_weights())
    given = spikes(LONG, FEW)
    alpha, rho, beta = np.exp(-1 / 20), np.exp(-1 / 200), 1.6

    def run() -> Tensor:
        v = b = z = torch.zeros(FEW, CELLS, device=DEVICE)
        total: Any = 0.0
        for drive in (given.view(-1, INPUTS) @ first).view(LONG, FEW, CELLS):
            b = rho * b + (1 - rho) * z
            threshold = 1 + beta * b
            z = Surrogate.apply(v - threshold)
            v = alpha * v + (1 - alpha) * (drive + z @ back) - (threshold * z).detach()
            total = total + z
        return total[:, :CLASSES]

    return work_of(run, [first, back])


def recurrent_norse() -> Work:
    """Norse's LSNN, an adaptive cell."""
    from norse.torch import LSNNRecurrentCell

    cell, given = LSNNRecurrentCell(INPUTS, CELLS).to(DEVICE), spikes(LONG, FEW)

    def run() -> Tensor:
        state, total = None, 0.0
        for now in given:
            out, state = cell(now, state)
            total = total + out
        return total[:, :CLASSES]

    return work_of(run, cell.parameters())


def recurrent_snntorch() -> Work:
    """SnnTorch's RLeaky; it has no adaptive cell."""
    import snntorch

    first = nn.Linear(INPUTS, CELLS, bias=False).to(DEVICE)
    cell = snntorch.RLeaky(beta=0.95, linear_features=CELLS).to(DEVICE)
    given = spikes(LONG, FEW)

    def run() -> Tensor:
        out, mem = cell.reset_mem()
        total: Any = 0.0
        for now in given:
            out, mem = cell(first(now), out, mem)
            total = total + out
        return total[:, :CLASSES]

    return work_of(run, [*first.parameters(), *cell.parameters()])


# x[t] = a x[t-1] + b[t] over 16,384 steps, 8 samples of 64 -------------------------------------


def scan_with(scan: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Work:
    """A scan and its gradients."""
    generator = torch.Generator().manual_seed(0)
    a = torch.rand(1, 1, 64, generator=generator).mul(0.9).to(DEVICE).requires_grad_()
    b = torch.randn(16384, 8, 64, generator=generator).to(DEVICE).requires_grad_()
    start = torch.zeros(8, 64, device=DEVICE)
    gradient = torch.randn(b.shape, generator=generator).to(DEVICE)

    def train() -> None:
        a.grad = b.grad = None
        scan(a, b, start).backward(gradient)

    def forward() -> None:
        with torch.no_grad():
            scan(a, b, start)

    return Work(forward, train)


def by_loop(a: Tensor, b: Tensor, x: Tensor) -> Tensor:
    """The recurrence as it is written."""
    found, factor = [], a[0]
    for add in b.unbind():
        x = factor * x + add
        found.append(x)
    return torch.stack(found)


WORKS: dict[str, dict[str, Callable[[], Work]]] = {
    "feedforward": {
        "neuro": feedforward_neuro,
        "torch": feedforward_torch,
        "snntorch": feedforward_snntorch,
        "norse": feedforward_norse,
        "spikingjelly": feedforward_spikingjelly,
    },
    "recurrent": {
        "neuro": recurrent_neuro,
        "torch": recurrent_torch,
        "norse": recurrent_norse,
        "snntorch": recurrent_snntorch,
    },
    "scan": {
        "neuro": lambda: scan_with(affine_scan),
        "torch odd-even": lambda: scan_with(lambda a, b, x: parallel_scan(a.expand(b.shape), b, x)),
        "torch loop": lambda: scan_with(by_loop),
    },
}


@dataclass(frozen=True)
class Times:
    """Medians of one framework: processor and wall seconds, and largest resident memory in MB."""

    forward: tuple[float, float]
    train: tuple[float, float]
    memory: float


def seconds(step: Step) -> tuple[float, float]:
    """Processor and wall seconds of one call."""
    wall, cpu = time.perf_counter(), time.process_time()
    step()
    if DEVICE.type == "cuda":
        torch.cuda.synchronize()
    return time.process_time() - cpu, time.perf_counter() - wall


def compare(name: str, repeat: int) -> dict[str, Times]:
    """Run the frameworks of one workload in turn."""
    works = {f: make() for f, make in WORKS[name].items() if installed(f)}
    found: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for place in range(repeat + 1):
        for framework, work in works.items():
            for kind, step in (("forward", work.forward), ("train", work.train)):
                times = seconds(step)
                if place:
                    found.setdefault((framework, kind), []).append(times)
    return {
        f: Times(middle(found[f, "forward"]), middle(found[f, "train"]), peak(name, f))
        for f in works
    }


def middle(times: list[tuple[float, float]]) -> tuple[float, float]:
    """Medians of processor and wall seconds."""
    return median(cpu for cpu, _ in times), median(wall for _, wall in times)


def installed(framework: str) -> bool:
    """Whether a framework can be run here."""
    package = framework.split(maxsplit=1)[0]
    return importlib.util.find_spec(package) is not None


def peak(name: str, framework: str) -> float:
    """Largest resident memory of a process that trains two steps, in MB."""
    command = [sys.executable, __file__, "--alone", f"{name}/{framework}", "--device", str(DEVICE)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def alone(which: str) -> None:
    """Train two steps and print the largest resident memory (on a GPU, that of its memory), in MB."""
    name, _, framework = which.partition("/")
    work = WORKS[name][framework]()
    work.train()
    work.train()
    if DEVICE.type == "cuda":
        print(torch.cuda.max_memory_allocated() / 2**20)
        return
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    print(int(status.partition("VmHWM:")[2].split()[0]) / 1024)


def gradients_apart() -> float:
    """The largest difference between gradients of our scan and of the loop, by their largest."""
    found = []
    for scan in (affine_scan, by_loop):
        generator = torch.Generator().manual_seed(0)
        a = torch.rand(1, 1, 64, generator=generator).mul(0.9).to(DEVICE).requires_grad_()
        b = torch.randn(2048, 8, 64, generator=generator).to(DEVICE).requires_grad_()
        scan(a, b, torch.zeros(8, 64, device=DEVICE)).square().sum().backward()
        found.append((a.grad, b.grad))
    pairs = zip(*found, strict=True)
    return max(((ours - theirs).abs().max() / theirs.abs().max()).item() for ours, theirs in pairs)


def show(name: str, times: dict[str, Times], repeat: int) -> None:
    """Print a workload."""
    print(f"\n{name}: median of {repeat}, processor (wall) seconds")
    place = int(DEVICE.type == "cuda")  # on a GPU, wall time counts
    for kind in ("forward", "train"):
        ours = getattr(times["neuro"], kind)[place]
        for framework, own in times.items():
            cpu, wall = getattr(own, kind)
            ratio = (cpu, wall)[place] / ours
            more = f"  {own.memory:6.0f} MB" if kind == "train" else ""
            print(f"  {kind:8} {framework:14} {cpu:7.3f} ({wall:7.3f})  {ratio:5.2f} x{more}")
    for framework in WORKS[name].keys() - times.keys():
        print(f"  {framework}: not installed")


def main() -> None:
    """Read the options and compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", default=",".join(WORKS))
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--json", action="store_true", help="a line of JSON for each workload")
    parser.add_argument("--alone", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    global DEVICE  # noqa: PLW0603 - one device for the whole run
    DEVICE = torch.device(chosen.device)
    torch.set_num_threads(chosen.threads)
    if chosen.alone:
        alone(chosen.alone)
        return
    named = torch.cuda.get_device_name() if DEVICE.type == "cuda" else "cpu"
    if not chosen.json:
        print(f"torch {torch.__version__}, {named}, {chosen.threads} thread(s)")
    for name in chosen.only.split(","):
        times = compare(name, chosen.repeat)
        missing = sorted(WORKS[name].keys() - times.keys())
        apart = gradients_apart() if name == "scan" else None
        if chosen.json:
            data = {f: asdict(own) for f, own in times.items()}
            line = {"name": name, "device": named, "times": data, "missing": missing}
            print(json.dumps({**line, "gradients_apart": apart}), flush=True)
        else:
            show(name, times, chosen.repeat)
            if apart is not None:
                print(f"  gradients of scan and loop differ by {apart:.1e} of the largest at most")


if __name__ == "__main__":
    main()
