"""``neuro download``: fetch a data set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from neuro.cli.console import out, print_json, print_table, readable_errors
from neuro.cli.options import JsonOption
from neuro.training import download as fetching


@readable_errors
def download(
    name: Annotated[
        str | None, typer.Argument(help="The data set; none lists what there is.")
    ] = None,
    folder: Annotated[Path, typer.Option("--out", "-o", help="Where to put it.")] = Path("data"),
    json: JsonOption = False,
) -> None:
    """Fetch a data set: checked, with a bar, going on where a broken transfer stopped."""
    if name is None:
        _list(json=json)
        return
    path = fetching.download(fetching.source(name), folder)
    if json:
        print_json({"file": str(path)})
    else:
        out.print(str(path))


def _list(*, json: bool) -> None:
    rows = [(name, s.file, s.origin, s.url) for name, s in fetching.SOURCES.items()]
    columns = ("name", "file", "origin", "url")
    if json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
        return
    print_table("data sets", columns[:3], [row[:3] for row in rows])


command = download
