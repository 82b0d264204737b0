# SPDX-License-Identifier: Apache-2.0
"""Two processes: one plays rows of a file into a network, one records spikes into a file.

A file is an array of `rows` rows that are used in turn: step t uses row ``(t - 1) % rows``.
"""

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol


class Player(AbstractProcess):
    """Sends columns `first` to `first + size` of a file; int32, `width` columns in all."""

    def __init__(self, *, path, rows, width, first, size):
        super().__init__(path=path, rows=rows, width=width, first=first, size=size)
        self.s_out = OutPort(shape=(size,))


class Recorder(AbstractProcess):
    """Writes spikes to columns `first` to `first + size` of a file; uint8."""

    def __init__(self, *, path, rows, width, first, size):
        super().__init__(path=path, rows=rows, width=width, first=first, size=size)
        self.s_in = InPort(shape=(size,))


class _FileModel(PyLoihiProcessModel):
    dtype = np.int32

    def __init__(self, proc_params):
        super().__init__(proc_params)
        get = proc_params.get
        self.columns = slice(get("first"), get("first") + get("size"))
        self.rows, self.shape = get("rows"), (get("rows"), get("width"))
        self.path, self.file = get("path"), None

    def row(self):
        """The row of this step, as it is in the file now."""
        if self.file is None:
            self.file = np.memmap(self.path, self.dtype, "r+", shape=self.shape)
        return self.file[(self.time_step - 1) % self.rows, self.columns]


@implements(proc=Player, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PlayerModel(_FileModel):
    """Reads a row in each step."""

    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)

    def run_spk(self):
        self.s_out.send(np.array(self.row()))


@implements(proc=Recorder, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class RecorderModel(_FileModel):
    """Writes a row in each step."""

    dtype = np.uint8
    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, bool)

    def run_spk(self):
        self.row()[:] = self.s_in.recv()
