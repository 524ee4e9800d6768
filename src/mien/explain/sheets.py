"""Many faces, a sheet at a time: files for each face, and a grid for each sheet."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from ..drafts import output_folder
from ..errors import OutputError
from .cells import PATCHES, grid_rows
from .files import map_files, map_numbers, write_numbers, write_picture
from .grids import Row, draw_grid, write_figure
from .patches import patches
from .subjects import FaceCut, Trained

FACES = 12
"""Most faces of one grid."""

_BYTES = 2**29  # of photos that wait for their grid


class Folder:
    """Where files go, and which of them must not be replaced.

    Args:
        path: made if it is not there.
        sources: files that are read.

    Raises:
        OutputError: if it cannot be made.
    """

    def __init__(self, path: Path, sources: Collection[Path] = ()) -> None:
        self.path = path
        self._sources = {source.resolve() for source in sources}
        output_folder(path)

    def file(self, name: str) -> Path:
        """The path of a file to write.

        Raises:
            OutputError: if it is one of the sources.
        """
        path = self.path / name
        if path.resolve() in self._sources:
            raise OutputError(
                f"{path}: would replace a picture that is explained; choose another folder"
            )
        return path


class Sheets:
    """Collects faces and writes a grid when there are enough of them.

    Args:
        folder: for the grids.
        name: of the first grid's file, without its suffix; the second has ``-2`` added.
        rows: explains faces, and gives the rows of their grid.
        done: called with each grid's path.
    """

    def __init__(
        self,
        folder: Folder,
        name: str,
        rows: Callable[[Sequence[FaceCut]], list[Row]],
        done: Callable[[Path], None],
    ) -> None:
        self._folder, self._name, self._rows, self._done = folder, name, rows, done
        self._faces: list[FaceCut] = []
        self._sheets = 0

    def add(self, face: FaceCut) -> None:
        """One more face."""
        self._faces.append(face)
        photos = {id(one.picture): one.picture.nbytes for one in self._faces}
        if len(self._faces) == FACES or sum(photos.values()) > _BYTES:
            self.finish()

    def finish(self) -> None:
        """Write the grid of the faces that are left, if any are.

        Raises:
            OutputError: if a file cannot be written.
        """
        if not self._faces:
            return
        faces, self._faces = self._faces, []
        rows = self._rows(faces)
        self._sheets += 1
        more = f"-{self._sheets}" if self._sheets > 1 else ""
        path = self._folder.file(f"{self._name}{more}.png")
        write_figure(draw_grid(rows), path)
        self._done(path)


def write_maps(
    trained: Trained,
    faces: Sequence[FaceCut],
    methods: Sequence[str],
    folder: Folder,
    *,
    expression: str | None = None,
    counts: Sequence[int] | None = None,
) -> list[Row]:
    """Explain faces; write each map as a picture and each face's numbers as ``.npz``.

    Args:
        trained: the network.
        faces: their names are those of the files.
        methods: names of methods.
        folder: for the files.
        expression: the class that is explained; ``None`` for each face's predicted one.
        counts: of kept patches, the numbers k; ``None`` for what the network keeps.

    Returns:
        The rows of a grid, one for each face.

    Raises:
        MienError: see :meth:`.subjects.Trained.explain` and :func:`.patches.patches`.
        OutputError: if a file cannot be written.
    """
    explanations = [
        patches(trained.network, trained.images(faces), counts)
        if method == PATCHES and counts is not None
        else trained.explain(faces, method, expression)
        for method in methods
    ]
    answers = trained.probabilities(faces)
    for index, (face, view) in enumerate(zip(faces, trained.views(faces), strict=True)):
        for name, picture in map_files(face.name, explanations, index, view).items():
            write_picture(picture, folder.file(name))
        numbers = map_numbers(explanations, index, trained.card.labels, answers[index])
        write_numbers(numbers, folder.file(f"{face.name}.npz"))
    return grid_rows(trained, faces, explanations)
