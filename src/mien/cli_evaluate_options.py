"""Options of the verb ``evaluate``, in groups."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from tyro.conf import OmitArgPrefixes, UseAppendAction, arg

from .errors import InputError

if TYPE_CHECKING:
    from .evaluation.foreign import Foreign
    from .faces import Detector

Words: TypeAlias = UseAppendAction[tuple[str, ...]]
_FILE = arg(metavar="FILE", help_behavior_hint="")


@dataclass(frozen=True)
class Counted:
    """Which pictures count.

    Attributes:
        split: The part to measure on.
        set: An option of the data set's reader; may be given several times.
        protocol: Which pictures count, and what their label is; for scenes majority.
        subset: What training holds out, to choose models by: held-out, of the training split. Or
            faces on a list of Region Attention Networks (AffectNet, RAF-DB): pose-30, pose-45,
            occlusion, or a file. May be given several times.
        lists: Folder of the authors' lists, for subsets by name.
        ignore: Pictures of this expression do not count; may be given several times.
    """

    split: Annotated[
        str | None, arg(metavar="NAME", help_behavior_hint="(default: the test split)")
    ] = None
    set: Annotated[Words, arg(metavar="KEY=VALUE", help_behavior_hint="")] = ()
    protocol: Annotated[str | None, arg(metavar="NAME", help_behavior_hint="(default: all)")] = None
    subset: Annotated[Words, arg(metavar="NAME|FILE", help_behavior_hint="")] = ()
    lists: Annotated[Path | None, arg(metavar="FOLDER", help_behavior_hint="")] = None
    ignore: Annotated[Words, arg(metavar="EXPRESSION", help_behavior_hint="")] = ()


@dataclass(frozen=True)
class Shown:
    """How faces are found and shown.

    Attributes:
        views: Show each face as it is, mirrored too, or as ten windows; the logits of several
            views are averaged.
        end_to_end: Find the faces in the data set's own pictures; a missed one is wrong.
        scenes: Paste the faces of FER+ into larger scenes and find them there.
        detector: How faces are found, end to end and in scenes.
        detector_model: File of the detector's network, for yunet and retinaface.
        min_face: Side of the smallest face that is looked for, in pixels.
        threads: For the networks.
    """

    views: Literal["plain", "flip", "ten-crop"] = "plain"
    end_to_end: bool = False
    scenes: bool = False
    detector: Literal["mtcnn", "yunet", "retinaface"] = "mtcnn"
    detector_model: Annotated[Path | None, _FILE] = None
    min_face: int = 40
    threads: Annotated[
        int | None, arg(metavar="N", help_behavior_hint="(default: one per core)")
    ] = None

    def find(self) -> Detector | None:
        """The detector of ``--end-to-end``.

        Raises:
            InputError: if something is said of a detector, and none is asked for.
        """
        if not self.end_to_end:
            usual = type(self)()
            for name in ("detector", "detector_model", "min_face"):
                if getattr(self, name) != getattr(usual, name):
                    option = "--" + name.replace("_", "-")
                    raise InputError(f"{option} is for --end-to-end and --scenes; add one of them")
            return None
        from .faces import create_detector

        return create_detector(
            self.detector,
            model=self.detector_model,
            min_face=self.min_face,
            threads=self.threads,
        )

    def settings(self) -> dict[str, str | int | float]:
        """What records say of the detector beside its name, where it is not as usual."""
        from .evaluation.provenance import file_sha256

        said: dict[str, str | int | float] = {}
        if self.min_face != type(self)().min_face:
            said["min_face"] = self.min_face
        if self.detector_model is not None:
            said["detector_sha256"] = file_sha256(self.detector_model)
        return said


@dataclass(frozen=True)
class WithoutCard:
    """What an ONNX file takes and answers that has no card.

    Attributes:
        labels: The expressions in the order of its output.
        size: Side of its input in pixels.
        colour: Of its input.
        mean: Subtracted from values between 0 and 1; one number or three.
        std: By which they are divided then; one number or three.
        probabilities: It answers probabilities instead of logits.
    """

    labels: Annotated[str | None, arg(metavar="NAME,NAME,...", help_behavior_hint="")] = None
    size: Annotated[int | None, arg(metavar="PIXELS", help_behavior_hint="(default: its own)")] = (
        None
    )
    colour: Annotated[
        Literal["grey", "rgb"] | None,
        arg(metavar="{grey,rgb}", help_behavior_hint="(default: by its channels)"),
    ] = None
    mean: Annotated[str, arg(metavar="R,G,B")] = "0.5"
    std: Annotated[str, arg(metavar="R,G,B")] = "0.5"
    probabilities: bool = False

    def foreign(self) -> Foreign | None:
        """The same as a record; ``None`` if nothing is said."""
        if self.labels is None:
            if self != WithoutCard():
                raise InputError("an ONNX file without a card needs its expressions: --labels")
            return None
        from .data.parts.expression_names import label_set_named
        from .evaluation.foreign import Foreign

        return Foreign(
            labels=label_set_named(self.labels.split(",")),
            size=self.size,
            colour=self.colour,
            mean=_three("--mean", self.mean),
            std=_three("--std", self.std),
            probabilities=self.probabilities,
        )


def _three(option: str, text: str) -> tuple[float, float, float]:
    try:
        values = [float(one) for one in text.split(",")]
    except ValueError:
        values = []
    if len(values) not in (1, 3):
        raise InputError(f"{option} {text}: this needs one number or three, such as 0.5,0.5,0.5")
    first, second, third = values * 3 if len(values) == 1 else values
    return first, second, third


# A group's name is the heading of its options in the help.
PictureOptions: TypeAlias = Annotated[OmitArgPrefixes[Counted], arg(name="picture")]
FaceOptions: TypeAlias = Annotated[OmitArgPrefixes[Shown], arg(name="face")]
OnnxOptions: TypeAlias = Annotated[OmitArgPrefixes[WithoutCard], arg(name="ONNX")]
