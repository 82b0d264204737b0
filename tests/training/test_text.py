"""Text as data: vocabularies, parts, windows, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from neuro.errors import FileFormatError, ParameterError
from neuro.training.text import UNSCORED, Vocabulary, Windows, parts, read_text, vocabulary_of


def test_a_vocabulary_goes_both_ways() -> None:
    known = vocabulary_of("hello\nwörld")
    assert known.characters == "\ndehlorwö"
    assert known.decode(known.encode("höhle")) == "höhle"
    with pytest.raises(ParameterError, match="character 3, 'x', is not in the vocabulary"):
        Vocabulary("abc").encode("abxc")


def test_parts_are_in_order_and_whole() -> None:
    text = "".join(chr(97 + k % 26) for k in range(1000))
    found = parts(text, 10)
    assert [len(part) for part in found] == [900, 50, 50]
    assert "".join(found) == text
    with pytest.raises(ParameterError, match="a part has 50; a window needs 51"):
        parts(text, 51)


@pytest.mark.parametrize(("context", "shifted"), [(0, False), (5, False), (0, True), (3, True)])
def test_labels_are_the_characters_that_follow(context: int, shifted: bool) -> None:
    numbers = torch.arange(103)
    data = Windows(numbers=numbers, length=10, context=context, shifted=shifted)
    everyone = torch.arange(len(data))
    seen = set()
    for seed in range(20):
        inputs, labels = data.batch(everyone, torch.Generator().manual_seed(seed))
        text = inputs["text"][..., 0]
        assert text.shape == (context + 10, len(data))
        scored = labels[context:]
        assert (labels[:context] == UNSCORED).all()
        assert (scored == text[context:] + 1).all()
        assert scored.unique().numel() == scored.numel()
        seen.add(int(text[0, 0]))
    assert (len(seen) > 3) == shifted
    if not shifted:
        assert scored.numel() >= 102 - context - 10


def test_files_that_are_no_text_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=r"absent.txt: cannot be read: No such file"):
        read_text(tmp_path / "absent.txt")
    (tmp_path / "bytes.txt").write_bytes(b"abc\xff")
    with pytest.raises(FileFormatError, match="byte 3 is 0xff"):
        read_text(tmp_path / "bytes.txt")
    (tmp_path / "good.txt").write_text("häh", encoding="utf-8")
    assert read_text(tmp_path / "good.txt") == "häh"
