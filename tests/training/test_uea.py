"""Files of the UEA archive in both formats, the protocol, and what is wrong with a file."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from neuro.errors import FileFormatError, ParameterError, UnavailableError
from neuro.models.phcssm_uea import parts
from neuro.training.uea import load_set, merged, read_series, shares, standardised
from tests.training.series import write_set

TS = """#A comment
@problemName Small
@univariate false
@classLabel true calm wild
@data
1,2,3:4,5,6:calm
-1,0.5,1e-1:0,0,0:wild
"""
ARFF = """%A comment
@relation Small
@attribute Small relational
  @attribute att0 numeric
@end Small
@attribute target {calm,wild}
@data
'1,2,3\\n4,5,6',calm
"-1,0.5,1e-1\\n0,0,0",wild
"""


@pytest.mark.parametrize(("ending", "text"), [("ts", TS), ("arff", ARFF)])
def test_both_formats_hold_the_same(tmp_path: Path, ending: str, text: str) -> None:
    path = tmp_path / f"Small_TRAIN.{ending}"
    path.write_text(text)
    values, labels = read_series(path)
    assert labels == ["calm", "wild"]
    np.testing.assert_array_equal(values[0], [[1, 4], [2, 5], [3, 6]])
    np.testing.assert_array_equal(values[1], np.float32([[-1, 0], [0.5, 0], [0.1, 0]]))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("1,2:calm", "different lengths"),
        ("1,2,3:4,5:calm", "channels of different lengths"),
        ("1,two,3:4,5,6:calm", "line 8.*no number"),
        ("1,NaN,3:4,5,6:calm", "missing values"),
        ("1,?,3:4,5,6:calm", "no number"),
        ("1,2,3", "no class"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "Small_TRAIN.ts"
    path.write_text(TS + line + "\n")
    with pytest.raises(FileFormatError, match=said):
        read_series(path)


def test_a_file_without_data_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "Small_TRAIN.ts"
    path.write_text("@problemName Small\n")
    with pytest.raises(FileFormatError, match="no @data"):
        read_series(path)
    path.write_text("@data\n")
    with pytest.raises(FileFormatError, match="no sequence"):
        read_series(path)
    path.with_suffix(".arff").write_text("@data\n1,2,3,calm\n")
    with pytest.raises(FileFormatError, match="no multivariate sequence"):
        read_series(path.with_suffix(".arff"))


def test_a_set_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=r"EigenWorms_TRAIN.*timeseriesclassification"):
        load_set("EigenWorms", tmp_path)


def test_without_aeon_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UnavailableError, match="pip install aeon"):
        load_set("BasicMotions")


@pytest.mark.skipif(find_spec("aeon") is None, reason="aeon is not installed")
def test_basic_motions_comes_with_aeon() -> None:
    train, test = load_set("BasicMotions")
    assert train.values.shape == test.values.shape == (40, 100, 6)
    assert train.classes == ("Badminton", "Running", "Standing", "Walking")
    assert np.bincount(train.labels).tolist() == [10, 10, 10, 10]


def test_samples_are_merged_once_and_shared_out(tmp_path: Path) -> None:
    write_set(tmp_path, "Waves", train=30, test=10)
    train, test = load_set("Waves", tmp_path)
    again = test.of(np.array([0, 0, 3]))
    assert len(merged(train, again)) == 32
    whole = merged(train, test)
    first, second, third = shares(whole, 2345)
    assert [len(first), len(second), len(third)] == [28, 6, 6]
    drawn = np.concatenate([part.values for part in (first, second, third)])
    assert len(np.unique(drawn.reshape(40, -1), axis=0)) == 40
    assert not np.array_equal(shares(whole, 3456)[0].values, first.values)


def test_channels_are_standardised_by_what_is_trained_on(tmp_path: Path) -> None:
    write_set(tmp_path, "Waves", train=30, test=10)
    train, test = load_set("Waves", tmp_path)
    train.values[..., 1] = 5.0
    ours, theirs = standardised(train, test)
    np.testing.assert_allclose(ours.values.mean((0, 1)), 0, atol=1e-6)
    np.testing.assert_allclose(ours.values.std((0, 1)), [1, 0], atol=1e-6)
    assert abs(theirs.values[..., 0].mean()) > 1e-6


def test_protocols(tmp_path: Path) -> None:
    write_set(tmp_path, "Waves", train=30, test=10)
    official = parts("Waves", str(tmp_path), "official", 0)
    assert [len(part) for part in official] == [26, 4, 10]
    assert [len(part) for part in parts("Waves", str(tmp_path), "merged", 0)] == [28, 6, 6]
    with pytest.raises(ParameterError, match="Use 'merged' or 'official'"):
        parts("Waves", str(tmp_path), "other", 0)
