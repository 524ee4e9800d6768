"""Where ``mien evaluate`` writes: what cannot be written is said before the work."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("sklearn")

from mien.cli_evaluate_places import Places
from mien.errors import InputError, OutputError
from mien.evaluation.evaluate import Evaluation
from mien.evaluation.record import Result, read_result


def record(name: str) -> Result:
    return Result(
        model=name, dataset="list", split="all", data_fingerprint="5a", labels=("fear",), scores=()
    )


def test_records_are_kept_one_by_one_under_names_of_their_own(tmp_path: Path) -> None:
    places = Places(tmp_path / "out", None, several=True)
    for name in ("m #2", "m-2", "n"):
        places.keep(record(name))
    found = {path.name: read_result(path).model for path in (tmp_path / "out").iterdir()}
    assert found == {
        "m-2.list.all.json": "m #2",
        "m-2.list.all-2.json": "m-2",
        "n.list.all.json": "n",
    }
    places.write(Evaluation((record("n"),)))
    assert (tmp_path / "out" / "comparisons.json").read_text() == "[]\n"


def test_one_record_is_a_file(tmp_path: Path) -> None:
    places = Places(tmp_path / "new" / "one.json", None, several=False)
    places.keep(record("m"))
    assert read_result(tmp_path / "new" / "one.json").model == "m"


def test_wrong_places_are_refused_before_the_work(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(OutputError, match="go to a folder, and this is a file"):
        Places(file, None, several=True)
    with pytest.raises(OutputError, match="the record goes to a file, and this is a folder"):
        Places(tmp_path, None, several=False)
    with pytest.raises(OutputError, match="the report goes to a file, and this is a folder"):
        Places(None, tmp_path, several=False)
    with pytest.raises(OutputError, match="the folder cannot be made"):
        Places(None, file / "report.html", several=False)
    with pytest.raises(InputError, match="are the same file"):
        Places(tmp_path / "a", tmp_path / "." / "a", several=False)
    with pytest.raises(InputError, match=r"one\.json: would be among the records"):
        Places(tmp_path / "out", tmp_path / "out" / "one.json", several=True)
    assert Places(tmp_path / "out", tmp_path / "out" / "page.html", several=True).report
