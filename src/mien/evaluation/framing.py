"""Whether a data set's faces are cut as a model cuts faces in use."""

from __future__ import annotations

from ..preprocess import Preprocess


def framing_warning(model: Preprocess, data: Preprocess | None) -> str | None:
    """What to warn of when a model is measured on faces that are cut in another way.

    Args:
        model: the preprocessing on the model's card.
        data: how the faces of a prepared copy are cut; ``None`` for an original copy, whose
            pictures are taken for upright squares around the face.

    Returns:
        ``None`` if both fit.
    """
    if data is None:
        if model.align == "square":
            return None
        return (
            "the model was trained on faces brought onto a template by their landmarks, and "
            "these are as the data set has them; mien data prepare makes a copy that fits"
        )
    if _frame(model) == _frame(data):
        return None
    return (
        f"the faces of this copy were cut anew ({_text(data)}), and the model cuts faces in "
        f"another way ({_text(model)}); measure it on the original copy, or train on this one"
    )


def _frame(preprocess: Preprocess) -> tuple[object, ...]:
    return preprocess.align, preprocess.template, preprocess.scale, preprocess.shift


def _text(preprocess: Preprocess) -> str:
    return f"{preprocess.align}, scale {preprocess.scale:g}"
