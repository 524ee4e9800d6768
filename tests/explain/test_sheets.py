"""Maps as files, and grids of many faces."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("matplotlib")
import torch

from mien.card import Card
from mien.errors import OutputError
from mien.explain.cells import drawn
from mien.explain.explanation import Explanation
from mien.explain.files import map_files, map_numbers
from mien.explain.grids import Cell, Row
from mien.explain.sheets import FACES, Folder, Sheets, write_maps
from mien.explain.subjects import FaceCut, Trained
from mien.expressions import BASIC8
from mien.models import create_model
from mien.preprocess import Preprocess

FACE = np.random.default_rng(0).integers(0, 256, (48, 48, 3), dtype=np.uint8)


def explanation() -> Explanation:
    maps = np.random.default_rng(1).random((2, 2, 48, 48)).astype(np.float32)
    return Explanation(
        method="attention",
        maps=maps,
        names=("head 1", "token pooling, block 5"),
        classes=np.array([-1, 3]),
        kept=np.eye(3, dtype=np.bool_)[None].repeat(2, 0),
    )


def test_each_map_is_a_picture_named_by_face_method_and_map() -> None:
    one = explanation()
    files = map_files("party.face1", [one], 1, FACE)
    assert list(files) == [
        "party.face1.attention.head-1.png",
        "party.face1.attention.token-pooling-block-5.png",
    ]
    expected = drawn(one, [FACE, FACE], 0)[1]
    assert (files["party.face1.attention.head-1.png"] == expected).all()


def test_numbers_say_what_they_are_of() -> None:
    one = explanation()
    shares = np.full(8, 0.125, np.float32)
    for index, explained in ((0, ""), (1, "sadness")):
        arrays = map_numbers([one], index, BASIC8, shares)
        assert (arrays["attention"] == one.maps[index]).all()
        assert arrays["attention.names"].tolist() == list(one.names)
        assert arrays["attention.class"] == explained
        assert (arrays["attention.kept"] == np.eye(3)).all()
        assert arrays["labels"].tolist() == [str(name) for name in BASIC8]
        assert (arrays["probabilities"] == shares).all()


@pytest.fixture(scope="module")
def apvit() -> Trained:
    torch.manual_seed(0)
    network = create_model("apvit_small", classes=8).eval()
    torch.nn.init.normal_(network.classifier.weight)
    settings = Preprocess(size=48)
    card = Card(name="x", architecture="apvit_small", labels=BASIC8, preprocess=settings)
    return Trained(network, card)


def test_files_hold_what_the_explanation_says(apvit: Trained, tmp_path: Path) -> None:
    faces = [FaceCut("one", FACE), FaceCut("two", FACE[:, ::-1])]
    folder = Folder(tmp_path / "new" / "folder")
    rows = write_maps(apvit, faces, ["gradcam++", "patches"], folder, expression="fear")
    assert len(rows) == 2
    with np.load(folder.path / "two.npz", allow_pickle=False) as numbers:
        expected = apvit.explain(faces, "gradcam++", "fear")
        np.testing.assert_array_equal(numbers["gradcam++"], expected.maps[1])
        assert numbers["gradcam++.class"] == "fear"
        np.testing.assert_allclose(numbers["probabilities"], apvit.probabilities(faces)[1])
    picture = cv2.imread(str(folder.path / "one.gradcam++.png"))[..., ::-1]
    assert (picture == drawn(expected, apvit.views(faces), 0)[0]).all()


def test_patches_are_kept_in_the_numbers_asked_for(apvit: Trained, tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    write_maps(apvit, [FaceCut("one", FACE)], ["patches"], folder, counts=(100, 20))
    assert {path.name for path in tmp_path.iterdir()} == {
        *("one.npz", "one.patches.100-patches.png", "one.patches.20-patches.png")
    }
    with np.load(tmp_path / "one.npz") as numbers:
        assert numbers["patches"].sum((1, 2)).tolist() == [100 * 16, 20 * 16]


def test_the_same_again_gives_the_same_files(apvit: Trained, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_maps(apvit, [FaceCut("one", FACE)], ["attention"], Folder(tmp_path / name))
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert files
    for file in files:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_many_faces_take_several_grids(tmp_path: Path) -> None:
    sizes: list[int] = []
    done: list[Path] = []

    def rows(faces: Sequence[FaceCut]) -> list[Row]:
        sizes.append(len(faces))
        return [Row([Cell(FACE)])]

    sheets = Sheets(Folder(tmp_path), "grid", rows, done.append)
    for number in range(FACES + 2):
        sheets.add(FaceCut(str(number), FACE))
    assert sizes == [FACES]
    sheets.finish()
    sheets.finish()
    assert sizes == [FACES, 2]
    assert done == [tmp_path / "grid.png", tmp_path / "grid-2.png"]


def test_large_photos_do_not_wait_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mien.explain.sheets._BYTES", 3 * FACE.nbytes)
    sizes: list[int] = []

    def rows(faces: Sequence[FaceCut]) -> list[Row]:
        sizes.append(len(faces))
        return [Row([Cell(FACE)])]

    sheets = Sheets(Folder(tmp_path), "grid", rows, lambda _: None)
    for _ in range(6):  # of one photo, which is there once
        sheets.add(FaceCut("one", FACE))
    for _ in range(4):
        sheets.add(FaceCut("many", FACE.copy()))
    sheets.finish()
    assert sizes == [9, 1]


def test_sources_are_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "grid.png").write_bytes(b"mine")
    folder = Folder(tmp_path, [tmp_path / "x" / ".." / "grid.png"])
    with pytest.raises(OutputError, match="would replace a picture"):
        folder.file("grid.png")
    assert folder.file("other.png") == tmp_path / "other.png"
    with pytest.raises(OutputError, match="cannot be made"):
        Folder(tmp_path / "grid.png" / "inside")
