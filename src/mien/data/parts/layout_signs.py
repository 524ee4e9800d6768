"""By which files and folders the layouts of the data sets are known."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from .expression_names import is_expression

SIGNS = (
    ("FER2013Train/label.csv", "FER+"),
    ("FER2013Valid/label.csv", "FER+"),
    ("FER2013Test/label.csv", "FER+"),
    ("fer2013new.csv", "FER+"),
    ("fairface_label_train.csv", "FairFace"),
    ("fairface_label_val.csv", "FairFace"),
    ("EmoLabel/list_patition_label.txt", "RAF-DB"),
    ("EmoLabel/train.txt", "RAF-DB"),
    ("EmoLabel/test.txt", "RAF-DB"),
    ("training.csv", "AffectNet's Manually_Annotated release"),
    ("Manually_Annotated_file_lists/training.csv", "AffectNet's Manually_Annotated release"),
    ("Manually_Annotated_Images", "AffectNet's Manually_Annotated_Images without training.csv"),
    ("train_set/annotations", "AffectNet's train_set and val_set"),
    ("val_set/annotations", "AffectNet's train_set and val_set"),
    ("label/label.lst", "ExpW"),
    ("label.lst", "ExpW"),
    ("Train/Train_Aligned_Faces", "SFEW"),
    ("Train/Angry", "SFEW"),
    ("Val/Angry", "SFEW"),
    ("Val/Val_Aligned_Faces_new", "SFEW"),
    ("cropped_aligned", "Aff-Wild2"),
    ("annotations/EXPR_Set", "Aff-Wild2"),
    ("data_batch_1", "CIFAR-10"),
    ("data_batch_1.bin", "CIFAR-10"),
    ("dataset_dict.json", "a Hugging Face data set"),
    ("dataset_info.json", "a Hugging Face data set"),
    # The most common of all, and so the last but one that may be spelled alike.
    ("train", "a folder of classes in a folder of each split"),
    ("Test", "SFEW"),
)
"""Files and folders at its root by which a layout is known at once, and what it is called."""


def begins_layout(paths: Collection[Sequence[str]]) -> bool:
    """Whether a layout is known to begin where these paths of files do.

    That is so where one of the signs is, or folders of classes, in those of splits or not.

    Args:
        paths: as their parts, at least the first three of each.
    """
    starts = {"/".join(one[:depth]) for one in paths for depth in (1, 2)}
    if any(sign in starts for sign, _ in SIGNS):
        return True
    folders = {name for one in paths for name in one[:-1][:2]}
    return any(map(is_expression, folders))
