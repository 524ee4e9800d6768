"""Copies of Hugging Face data sets, opened with the library ``datasets``.

What ``save_to_disk`` wrote is mapped into memory as it lies there. A folder of Parquet files or
of pictures is turned, once, into such a file in the library's cache. Only the address
``hf://owner/name``, if need be with ``@revision``, downloads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ...errors import DataError, NotFound, require
from ..archive import Archive

# Path makes one slash of the two.
_ADDRESS = re.compile(r"hf:/{1,2}(?P<name>[\w.-]+/[\w.-]+)(@(?P<revision>[\w./-]+))?")
_SAVED, _SAVED_SPLITS = "state.json", "dataset_dict.json"
_ONE_SPLIT = "all"


def is_address(root: Path | str) -> bool:
    """Whether this is an address on the hub, and no path."""
    return re.match("hf:/", str(root)) is not None


def open_copy(
    root: Path | str, *, configuration: str | None = None, cache: Path | str | None = None
) -> Mapping[str, Any]:
    """All splits of a copy, each a ``datasets.Dataset`` that lies on disk.

    Args:
        root: a folder, or ``hf://owner/name``.
        configuration: which one, where the data set has several.
        cache: folder of what is downloaded or converted; by default the library's.

    Raises:
        MissingExtra: if ``datasets`` is not installed.
        NotFound: if there is nothing at ``root``.
        DataError: if there is something else, or it is damaged.
    """
    datasets = require("datasets", "hub")
    with _one_line_errors(datasets, str(root)):
        if is_address(root):
            return _downloaded(datasets, str(root), configuration, cache)
        folder = Path(root)
        if not folder.is_dir():
            raise DataError(f"{root}: not a folder; give the unpacked folder of the data set")
        if (folder / _SAVED_SPLITS).is_file():
            found = datasets.load_from_disk(str(folder), keep_in_memory=False)
            return {str(split): one for split, one in found.items()}
        if (folder / _SAVED).is_file():
            one = datasets.load_from_disk(str(folder), keep_in_memory=False)
            return {str(one.split or _ONE_SPLIT): one}
        with _without_progress_bars(datasets):
            return _converted(datasets, folder, configuration, cache)


def _downloaded(
    datasets: Any, address: str, configuration: str | None, cache: Path | str | None
) -> Mapping[str, Any]:
    parts = _ADDRESS.fullmatch(address)
    if parts is None:
        raise DataError(f"{address}: not an address; write hf://owner/name or …/name@revision")
    builder = datasets.load_dataset_builder(
        parts["name"], configuration, revision=parts["revision"], cache_dir=cache and str(cache)
    )
    return _built(builder)


def _converted(
    datasets: Any, folder: Path, configuration: str | None, cache: Path | str | None
) -> Mapping[str, Any]:
    # In full: "parquet" alone would be the library's reader of Parquet, not a folder.
    builder = datasets.load_dataset_builder(
        str(folder.resolve()), configuration, cache_dir=cache and str(cache)
    )
    files = [one for listed in (builder.config.data_files or {}).values() for one in listed]
    remote = [one for one in files if "://" in one.rpartition("::")[2]]
    if remote:
        raise DataError(
            f"{folder}: its README.md or .huggingface.yaml names files elsewhere, such as "
            f"{remote[0]}; only a root of the form hf://owner/name downloads"
        )
    return _built(builder)


def _built(builder: Any) -> Mapping[str, Any]:
    builder.download_and_prepare()
    return {str(split): one for split, one in builder.as_dataset().items()}


@contextmanager
def _without_progress_bars(datasets: Any) -> Iterator[None]:
    """Keep the library's bars off standard error; downloads alone show them."""
    hidden = datasets.are_progress_bars_disabled()
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        if not hidden:
            datasets.enable_progress_bars()


@contextmanager
def _one_line_errors(datasets: Any, where: str) -> Iterator[None]:
    arrow = require("pyarrow", "tables")
    try:
        yield
    except datasets.exceptions.DatasetNotFoundError as error:
        raise NotFound(f"{where}: there is no such data set ({_line(error)})") from None
    except (
        datasets.exceptions.DatasetsError,
        arrow.ArrowException,
        OSError,
        ValueError,
        KeyError,
    ) as error:
        cause = error.__cause__ or error
        raise DataError(
            f"{where}: not a data set that the library datasets can read ({_line(cause)})"
        ) from None


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]


class RowArchive(Archive):
    """A split's pictures as the files of an archive, named by their rows.

    Args:
        folder: where the data set lies.
        title: for messages.
        pictures: a ``datasets.Dataset``.
        column: of the pictures, not decoded.
    """

    def __init__(self, folder: Path, title: str, pictures: Any, column: str) -> None:
        super().__init__(folder, title)
        self._pictures, self._column = pictures, column

    @staticmethod
    def member(row: int) -> str:
        """The name of a row's picture."""
        return f"{row:07d}"

    def __getstate__(self) -> dict[str, object]:
        """Pictures on disk travel to another process as the paths of their files."""
        return vars(self)

    def __setstate__(self, state: dict[str, object]) -> None:
        vars(self).update(state)

    def has(self, member: str) -> bool:
        """Whether there is such a row."""
        return member.isdecimal() and int(member) < len(self._pictures)

    def files(self, folder: str = "", *, deep: bool = False) -> Iterator[str]:  # noqa: ARG002
        """The names of all pictures."""
        yield from () if folder else map(self.member, range(len(self._pictures)))

    def read(self, member: str) -> bytes | None:
        """A picture as it was stored; ``None`` if the row has none, or its file is missing.

        Raises:
            DataError: if its file cannot be read, or lies elsewhere.
        """
        if not self.has(member):
            return None
        value = self._pictures[int(member)][self._column] or {}
        if value.get("bytes") is not None:
            return bytes(value["bytes"])
        path = value.get("path")
        if not path:
            return None
        if "://" in path.rpartition("::")[2]:
            raise DataError(
                f"{self.root}: picture {member} is not in the copy but at {path}; "
                "mien downloads no single pictures"
            )
        return self._read_file(member, path)

    def _read_file(self, member: str, path: str) -> bytes | None:
        try:
            # Of a path such as zip://a.png::x.zip, inside an archive.
            with require("fsspec", "hub").open(path, "rb") as file:
                return bytes(file.read())
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError) as error:
            raise DataError(
                f"{self.root}: picture {member} cannot be read from {path} ({_line(error)})"
            ) from None
