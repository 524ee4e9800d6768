"""The verb ``explain``: where a network looked, as pictures, numbers and figures of papers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from tyro.conf import Positional, UseAppendAction, arg

from .cli_explain_faces import FaceFinder
from .errors import InputError, ModelError, UnknownName, require
from .progress import create_progress

if TYPE_CHECKING:
    from .explain.grids import Row
    from .explain.subjects import FaceCut, Trained

PaperFigure = Literal["apvit-7", "dan-1", "dan-3", "transfer-4"]

_MOST_FACES = 1500
"""Of a data set, in the figure of their features."""

_FILE = arg(metavar="FILE", help_behavior_hint="")


def explain(
    model: Positional[Annotated[str, arg(metavar="MODEL")]],
    pictures: Positional[
        Annotated[tuple[str, ...], arg(metavar="PICTURE...", help_behavior_hint="")]
    ] = (),
    *,
    method: Annotated[
        UseAppendAction[tuple[str, ...]],
        arg(metavar="METHOD", help_behavior_hint="(default: all that the network has)"),
    ] = (),
    figure: Annotated[
        PaperFigure | None,
        arg(metavar="{apvit-7,dan-1,dan-3,transfer-4}", help_behavior_hint=""),
    ] = None,
    output: Annotated[Path, arg(metavar="FOLDER", aliases=["-o"])] = Path("explanations"),
    expression: Annotated[
        str | None,
        arg(name="class", metavar="EXPRESSION", help_behavior_hint="(default: the predicted one)"),
    ] = None,
    patches: Annotated[str | None, arg(metavar="K,K,...", help_behavior_hint="")] = None,
    beside: Annotated[UseAppendAction[tuple[Path, ...]], _FILE] = (),
    data: Annotated[str | None, arg(metavar="NAME=ROOT", help_behavior_hint="")] = None,
    split: Annotated[str | None, arg(metavar="SPLIT", help_behavior_hint="")] = None,
    faces: Annotated[int | None, arg(metavar="N", help_behavior_hint="(default: 1500)")] = None,
    detector: Literal["mtcnn", "yunet", "retinaface", "none"] = "mtcnn",
    detector_model: Annotated[Path | None, _FILE] = None,
    min_face: int = 40,
    debug: bool = False,
) -> int:
    """Show where a network looked: maps over the faces of pictures, and figures of the papers.

    Args:
        model: A checkpoint (.safetensors), an exported model, or the name of a shipped one.
        pictures: Photos, folders or globs; without any, the network's methods are listed.
        method: How to explain; may be repeated.
        figure: Repeat a figure of a paper instead.
        output: Folder for a picture of each map, a file of numbers (.npz) for each face, and
            a grid of all.
        expression: Explain this expression.
        patches: Of kept patches and apvit-7, how many are kept, such as 160,80,40,10.
        beside: Of figures, further checkpoints: for dan-1 one with a single head, for dan-3
            one trained with another loss, for apvit-7 one without pooling, for transfer-4 the
            other ways of training, in their order; may be repeated.
        data: Of dan-3, the data set and its copy, a folder or a zip file.
        split: Of dan-3, the data set's split.
        faces: Of dan-3, the most that are shown.
        detector: How faces are found; none if the pictures are face crops already.
        detector_model: File of the detector's network, for yunet and retinaface.
        min_face: Side of the smallest face, in pixels.
        debug: Show the traceback of an error.
    """
    del debug  # main() looks for it
    require("torch", "explain")
    require("matplotlib", "explain")
    require("pytorch_grad_cam", "explain")
    _check_options(figure, pictures, method, expression, patches, beside, data)
    if figure != "dan-3" and (split is not None or faces is not None):
        raise InputError("--split and --faces are for --figure dan-3; see: mien explain --help")
    from .explain.subjects import Trained

    counts = _numbers(patches)
    trained = Trained.load(model)
    others = [Trained.load(path) for path in beside]
    if figure == "dan-3":
        names = _names([trained, *others], [model, *beside])
        return _dan_figure_3([trained, *others], names, data or "", split, faces, output)
    for path, one in zip([model, *beside], [trained, *others], strict=True):
        one.card.labels.require_expressions(str(path))
    if figure is not None:
        _check_figure(figure, trained, others)
    methods = () if figure is not None else _methods(trained, method, patches)
    if not pictures:
        return _list_methods(methods)
    if expression is not None:
        _check_class(trained, expression, methods)
    from .explain.sheets import Folder, Sheets, write_maps
    from .faces import create_detector

    find = create_detector(detector, model=detector_model, min_face=min_face)
    finder = FaceFinder(find, pictures, leave_out=output)
    folder = Folder(output, finder.files)

    def rows(sheet: Sequence[FaceCut]) -> list[Row]:
        if figure is not None:
            return _figure_rows(figure, trained, others, sheet, counts)
        return write_maps(trained, sheet, methods, folder, expression=expression, counts=counts)

    sheets = Sheets(folder, figure or "grid", rows, print)
    for face in finder:
        sheets.add(face)
    sheets.finish()
    return 1 if finder.failures else 0


def _check_figure(figure: PaperFigure, trained: Trained, others: Sequence[Trained]) -> None:
    """Refuse networks that it cannot show, before any face is sought."""
    from .explain.figures import check_kind, check_pooling

    if figure == "apvit-7":
        check_pooling(trained, others[0] if others else None)
    elif figure != "dan-3":
        check_kind(figure, trained, *(others if figure == "transfer-4" else ()))


def _figure_rows(
    figure: PaperFigure,
    trained: Trained,
    others: Sequence[Trained],
    faces: Sequence[FaceCut],
    counts: Sequence[int] | None,
) -> list[Row]:
    from .explain.figures import apvit_figure_7, dan_figure_1, transfer_figure_4

    other = others[0] if others else None
    if figure == "dan-1":
        return dan_figure_1(trained, faces, other)
    if figure == "apvit-7":
        return apvit_figure_7(trained, faces, counts=counts, unpooled=other)
    return transfer_figure_4([*others, trained], faces)


def _dan_figure_3(
    networks: Sequence[Trained],
    names: Sequence[str],
    data: str,
    split: str | None,
    number: int | None,
    output: Path,
) -> int:
    from .data.loading.pictures import ChosenPictures, crops
    from .data.reader_options import reader_named, splits_of
    from .explain.embedding import draw_embeddings, embed, face_features, sample_rows
    from .explain.grids import write_figure
    from .explain.sheets import Folder

    dataset, _, root = data.partition("=")
    number = _MOST_FACES if number is None else number
    if number < 1:
        raise InputError(f"--faces is {number}, not at least 1")
    known = splits_of(dataset, Path(root), {})
    if split is None:
        raise InputError(f"--figure dan-3 needs --split; {dataset} has {', '.join(known)}")
    reader = reader_named(dataset)(Path(root), split)
    classes = reader.classes_in(reader.labels)
    rows = sample_rows(reader.names, classes, number)
    folder = Folder(output)  # says before the work what is wrong with it
    embeddings = []
    with create_progress(rows_on_terminal=False) as progress:
        for trained, name in zip(networks, names, strict=True):
            cut = crops(ChosenPictures(reader, rows), trained.card.preprocess)
            pictures = [cut.picture(row) for row in range(len(cut))]
            features = face_features(trained, pictures, progress=progress.count)
            embeddings.append(embed(name, features, classes[rows]))
    path = folder.file("dan-3.png")
    write_figure(draw_embeddings(embeddings, classes[rows], reader.labels), path)
    print(path)
    return 0


def _check_options(
    figure: PaperFigure | None,
    pictures: Sequence[str],
    methods: Sequence[str],
    expression: str | None,
    patches: str | None,
    beside: Sequence[Path],
    data: str | None,
) -> None:
    """Refuse what would be ignored, and ask for what is missing."""
    wrong = {
        "--beside is for --figure": figure is None and beside,
        "--figure chooses its own methods; leave --method out": figure and methods,
        "figures explain the predicted class; leave --class out": figure and expression,
        "--patches is for --method patches and --figure apvit-7": (
            patches is not None
            and (figure not in (None, "apvit-7") or (methods and "patches" not in methods))
        ),
        "--data is for --figure dan-3": data is not None and figure != "dan-3",
        "--figure dan-3 shows a data set; name it with --data NAME=ROOT": (
            figure == "dan-3" and "=" not in (data or "")
        ),
        "--figure dan-3 shows a data set; leave the pictures out": figure == "dan-3" and pictures,
        "--class needs pictures": expression is not None and not pictures,
        f"--figure {figure} needs pictures": figure not in (None, "dan-3") and not pictures,
        f"--figure {figure} takes one --beside": (
            figure in ("dan-1", "apvit-7") and len(beside) > 1
        ),
    }
    for message, is_wrong in wrong.items():
        if is_wrong:
            raise InputError(f"{message}; see: mien explain --help")


def _methods(trained: Trained, asked: Sequence[str], patches: str | None) -> Sequence[str]:
    """The methods asked for, or all that the network has."""
    from .explain.methods import METHODS, methods_of

    known = methods_of(trained.network)
    for one in asked:
        if one not in METHODS:
            raise UnknownName("method of explanation", one, METHODS)
        if one not in known:
            raise ModelError(
                f"{one} cannot explain {trained.card.name}, a {trained.card.architecture}; "
                f"it has {', '.join(known)}"
            )
    if patches is not None and "patches" not in known:
        raise InputError(f"--patches: {trained.card.name} keeps all patches")
    return tuple(dict.fromkeys(asked)) or known


def _check_class(trained: Trained, expression: str, methods: Sequence[str]) -> None:
    """Refuse an expression that the network lacks, or that no method asks for."""
    from .explain.methods import METHODS

    trained.class_of(expression)
    if not any(METHODS[one].of_class for one in methods):
        raise InputError(f"--class: {', '.join(methods)} shows the same for every class")


def _list_methods(methods: Sequence[str]) -> int:
    from .explain.methods import METHODS

    for one in methods:
        print(f"{one:<16} {METHODS[one].title}")
    return 0


def _numbers(patches: str | None) -> tuple[int, ...] | None:
    """The numbers of ``--patches``."""
    if patches is None:
        return None
    try:
        return tuple(int(one) for one in patches.split(","))
    except ValueError:
        raise InputError(f"--patches {patches}: this needs numbers such as 160,80,40,10") from None


def _names(networks: Sequence[Trained], paths: Sequence[Path | str]) -> list[str]:
    """The networks' own names, or their files' where these do not tell them apart."""
    names = [one.card.name for one in networks]
    return names if len(set(names)) == len(names) else [str(path) for path in paths]
