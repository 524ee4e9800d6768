from __future__ import annotations

import json
from pathlib import Path

import ferplus_copy
import numpy as np
import pytest
import rafdb_copy

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")

from torch.nn import functional  # noqa: E402

from mien.card import Card  # noqa: E402
from mien.data.rafdb import RAFDB  # noqa: E402
from mien.errors import DataError, LabelMismatch, NotFound  # noqa: E402
from mien.evaluation.evaluate import evaluate  # noqa: E402
from mien.expressions import BASIC7, BASIC8, LabelSet  # noqa: E402
from mien.models import create_model, save_model  # noqa: E402
from mien.preprocess import Preprocess  # noqa: E402
from mien.training.copies import Copies  # noqa: E402
from mien.training.recipes import find_recipe  # noqa: E402
from mien.training.reporting import (  # noqa: E402
    Reported,
    headline,
    measure,
    protocol_of,
    run_facts,
)
from mien.training.sources import Source  # noqa: E402

OPTIONS = {"stem": 8, "widths": (8, 16), "depths": (1, 1)}
PUBLIC = Source("ferplus", "public-test")


@pytest.fixture(scope="module")
def ferplus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    faces, votes = ferplus_copy.make_faces(60)
    tested, tested_votes = ferplus_copy.make_faces(30, seed=1)
    tested[:4] = faces[:4]  # faces that training has seen
    return ferplus_copy.write_folders(
        tmp_path_factory.mktemp("ferplus"),
        {"FER2013Train": (faces, votes), "FER2013Valid": (tested, tested_votes)},
    )


def network(
    path: Path, labels: LabelSet = BASIC8, seed: int = 0, colour: str = "grey"
) -> tuple[torch.nn.Module, Card]:
    torch.manual_seed(seed)
    made = create_model("small", classes=labels, **OPTIONS).eval()
    card = Card(
        name="tiny",
        architecture="small",
        arguments=OPTIONS,
        labels=labels,
        preprocess=Preprocess(size=16, colour=colour),  # type: ignore[arg-type]
        temperature=2.5,
        recipe="tiny",
        seed=seed,
    )
    save_model(made, card, path)
    return made, card


def rafdb(root: Path) -> Path:
    """Ten pictures, of classes in RAF-DB's own order."""
    names = rafdb_copy.names_of("test", 10)
    rafdb_copy.write_list(root, {name: place % 7 + 1 for place, name in enumerate(names)})
    return rafdb_copy.write_pictures(root, names)


def run_folder(folder: Path, labels: LabelSet = BASIC8, colour: str = "grey") -> Path:
    """A finished run, of which the last epoch is another network than the chosen one."""
    network(folder / "model.safetensors", labels, 0, colour)
    network(folder / "last.safetensors", labels, 1, colour)
    values = {
        "chosen_epoch": 2,
        "history": [{"val_accuracy": 0.5}, {"val_accuracy": 0.75}, {"val_accuracy": 0.625}],
        "pictures": {"train": 40, "held": 8},
        "data": "abc",
        "seconds": 12.5,
        "processes": 1,
        "precision": "32-true",
        "machine": {"processor": "one", "cores": 2},
    }
    (folder / "run.json").write_text(json.dumps(values))
    return folder


def test_a_run_on_ferplus_is_measured_as_mien_evaluate_does(ferplus: Path, tmp_path: Path) -> None:
    folder = run_folder(tmp_path)
    reported = Reported(PUBLIC, Copies({"ferplus": ferplus}))
    ours = measure(folder, reported, command="again", settings={"row": "one"})
    (theirs,) = evaluate([folder / "model.safetensors"], "ferplus", root=ferplus).results
    assert ours.predictions == theirs.predictions
    assert ours.data_fingerprint == theirs.data_fingerprint
    assert ours.model_sha256 == theirs.model_sha256
    assert ours.labels == theirs.labels == tuple(map(str, BASIC8))
    for one in theirs.scores:
        own = ours.find(one.protocol, one.subset)
        assert own.confusion == one.confusion
        for name, estimate in one.metrics.items():
            # Pictures are normalised in another order of operations.
            assert own.metrics[name].value == pytest.approx(estimate.value, abs=1e-5)
    assert ours.find("majority", "clean").images == ours.find("majority").images - 4
    (last,) = evaluate([folder / "last.safetensors"], "ferplus", root=ferplus).results
    for one in last.scores:
        own = ours.find(one.protocol, f"{one.subset}, last epoch")
        assert own.metrics["accuracy"] == one.metrics["accuracy"]
        assert own.confusion == ()
    assert (ours.command, ours.settings) == ("again", {"row": "one"})
    assert (ours.recipe, ours.seed) == ("tiny", 0)


def test_a_data_set_of_files_is_measured_picture_by_picture(tmp_path: Path) -> None:
    root = rafdb(tmp_path / "rafdb")
    folder = run_folder(tmp_path / "run", BASIC7, "rgb")
    source = Source("rafdb", "test")
    record = measure(folder, Reported(source, Copies({"rafdb": root})))
    data = RAFDB(root, "test")
    made, card = network(tmp_path / "again.safetensors", BASIC7, 0, "rgb")
    inputs = np.stack([card.preprocess(data.picture(index)) for index in range(len(data))])
    with torch.inference_mode():
        logits = made(torch.from_numpy(inputs)).logits
    # RAF-DB counts its classes in an order of its own, in which its record is.
    truth = [BASIC7.index(data.labels[int(label)]) for label in data.table.classes]
    predicted = logits.argmax(dim=1).numpy()
    assert [record.labels[one] for one in record.predictions] == [BASIC7[one] for one in predicted]
    scores = record.find("labels")
    assert headline(record) == scores
    assert scores.images == len(data)
    assert scores.metrics["accuracy"].value == pytest.approx((predicted == truth).mean())
    likelihood = functional.cross_entropy(logits / 2.5, torch.tensor(truth))
    assert scores.metrics["negative_log_likelihood"].value == pytest.approx(
        float(likelihood), abs=1e-4
    )
    assert (record.dataset, record.split) == ("rafdb", "test")
    assert record.labels == tuple(map(str, data.labels))
    assert record.data_fingerprint == data.fingerprint


def test_a_network_without_a_class_of_the_pictures_is_refused(tmp_path: Path) -> None:
    few = LabelSet(tuple(RAFDB.labels)[:2])
    folder = run_folder(tmp_path / "run", few, "rgb")
    reported = Reported(Source("rafdb", "test"), Copies({"rafdb": rafdb(tmp_path / "rafdb")}))
    with pytest.raises(LabelMismatch, match=r"tiny: \[surprise, fear\] lacks disgust, happiness, "):
        measure(folder, reported)


def test_of_ferplus_the_source_says_which_protocol() -> None:
    assert protocol_of(PUBLIC) == "majority"
    assert protocol_of(Source("rafdb", "test")) == "labels"
    assert protocol_of(Source("affectnet", "val")) == "8"
    assert protocol_of(Source("affectnet", "val", {"classes": 7})) == "7"
    for name in ("apvit.ferplus", "transfer.ferplus"):
        test = find_recipe(name).test
        assert test is not None
        assert protocol_of(test) == "all"  # on which the papers' 3,589 pictures count


def test_what_a_run_says_of_itself(tmp_path: Path) -> None:
    facts = run_facts(run_folder(tmp_path))
    assert facts["validation_accuracy"] == 0.75
    assert (facts["chosen_epoch"], facts["epochs"]) == (2, 3)
    assert (facts["training_pictures"], facts["seconds"]) == (40, 12.5)
    assert facts["trained_on"] == "processor one, cores 2"
    for damaged in ("{", "[]", '{"chosen_epoch": 2, "history": []}'):
        (tmp_path / "run.json").write_text(damaged)
        with pytest.raises(DataError, match=r"run\.json: is no whole record of a run") as caught:
            run_facts(tmp_path)
        assert "\n" not in str(caught.value)


def test_bad_input_is_one_line(ferplus: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="--data rafdb=ROOT"):
        Reported(Source("rafdb", "test"), Copies({"ferplus": ferplus}))
    reported = Reported(PUBLIC, Copies({"ferplus": ferplus}))
    with pytest.raises(NotFound, match=r"model\.safetensors"):
        measure(tmp_path, reported)
    folder = run_folder(tmp_path / "run", BASIC7)
    with pytest.raises(LabelMismatch, match="lacks contempt"):
        measure(folder, reported)


def test_a_damaged_picture_is_no_answer(tmp_path: Path) -> None:
    root = rafdb(tmp_path / "rafdb")
    data = RAFDB(root, "test")
    (root / data.table.files[0]).write_bytes(b"no picture")
    folder = run_folder(tmp_path / "run", BASIC7, "rgb")
    with pytest.raises(DataError, match=r"1 of 10 pictures cannot be read.*test_0001"):
        measure(folder, Reported(Source("rafdb", "test"), Copies({"rafdb": root})))
