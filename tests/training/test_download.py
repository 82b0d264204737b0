"""Files are fetched whole, checked, and gone on with."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from neuro.cli.app import app
from neuro.errors import FileFormatError, StorageError, UnavailableError, UnknownNameError
from neuro.training import download as fetching
from neuro.training.download import Source, download, source

CONTENT = bytes(range(256)) * 5000


class Server(HTTPServer):
    """Sends `CONTENT`; the first `breaks` transfers break off in the middle."""

    breaks = 0
    ranges = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str | None] = []


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.server.asked.append(wanted)
        start = int(wanted[6:-1]) if wanted and self.server.ranges else 0
        if start >= len(CONTENT):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(CONTENT) - start))
        self.end_headers()
        end = len(CONTENT) // 2 if self.server.breaks else len(CONTENT)
        self.server.breaks = max(0, self.server.breaks - 1)
        self.wfile.write(CONTENT[start:end])

    def log_message(self, *given: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


def wanted(server: Server, content: bytes = CONTENT) -> Source:
    url = f"http://127.0.0.1:{server.server_port}/data.bin"
    digest = hashlib.sha256(content).hexdigest()
    return Source(file="data.bin", url=url, sha256=digest, origin="a test")


def test_a_file_is_fetched_once(server: Server, tmp_path: Path) -> None:
    place = download(wanted(server), tmp_path / "new")
    assert place.read_bytes() == CONTENT
    assert download(wanted(server), tmp_path / "new") == place
    assert len(server.asked) == 1
    assert [p.name for p in place.parent.iterdir()] == ["data.bin"]


@pytest.mark.parametrize("ranges", [True, False])
def test_a_transfer_that_broke_off_is_gone_on_with(
    server: Server, tmp_path: Path, ranges: bool
) -> None:
    server.breaks, server.ranges = 1, ranges
    with pytest.raises(UnavailableError, match="Try again"):
        download(wanted(server), tmp_path)
    assert (tmp_path / "data.bin.part").stat().st_size == len(CONTENT) // 2
    assert download(wanted(server), tmp_path).read_bytes() == CONTENT
    assert server.asked == [None, f"bytes={len(CONTENT) // 2}-"]


def test_a_whole_part_is_only_checked(server: Server, tmp_path: Path) -> None:
    (tmp_path / "data.bin.part").write_bytes(CONTENT)
    assert download(wanted(server), tmp_path).read_bytes() == CONTENT


def test_other_bytes_are_not_kept(server: Server, tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="SHA-256"):
        download(wanted(server, b"something else"), tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_damaged_file_is_left_and_named(server: Server, tmp_path: Path) -> None:
    (tmp_path / "data.bin").write_bytes(b"other")
    with pytest.raises(FileFormatError, match="delete it"):
        download(wanted(server), tmp_path)
    assert (tmp_path / "data.bin").read_bytes() == b"other"


def test_a_place_that_cannot_be_written_is_named(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match="could not be written"):
        download(wanted(server), tmp_path / "file" / "folder")


def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    gone = Source(file="x", url="http://127.0.0.1:9/x", sha256="", origin="a test")
    with pytest.raises(UnavailableError, match="cannot be fetched"):
        download(gone, tmp_path)


def test_the_command_lists_and_fetches(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = CliRunner().invoke(app, ["download"])
    assert said.exit_code == 0
    assert "mnist" in said.output
    monkeypatch.setitem(fetching.SOURCES, "small", wanted(server))
    said = CliRunner().invoke(app, ["download", "small", "--out", str(tmp_path)])
    assert said.exit_code == 0, said.output
    assert (tmp_path / "data.bin").read_bytes() == CONTENT
    with pytest.raises(UnknownNameError, match="mnits"):
        source("mnits")
