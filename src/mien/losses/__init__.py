"""Losses of the papers: pure functions of tensors, and thin modules around them."""

from .affinity import AffinityLoss, affinity_loss, centre_spread
from .attributes import attribute_losses, attributes_right
from .centre import CentreLoss, centre_loss
from .entropy import CrossEntropy, cross_entropy
from .focal import FocalLoss, focal_loss
from .joint import JointLoss
from .partition import PartitionLoss, partition_loss
from .twins import TwinsLoss, cross_correlation, twins_loss
from .two_task import TwoTaskLoss, action_unit_loss, two_task_loss
from .unlabelled import UNLABELLED, labelled

__all__ = [
    "UNLABELLED",
    "AffinityLoss",
    "CentreLoss",
    "CrossEntropy",
    "FocalLoss",
    "JointLoss",
    "PartitionLoss",
    "TwinsLoss",
    "TwoTaskLoss",
    "action_unit_loss",
    "affinity_loss",
    "attribute_losses",
    "attributes_right",
    "centre_loss",
    "centre_spread",
    "cross_correlation",
    "cross_entropy",
    "focal_loss",
    "labelled",
    "partition_loss",
    "twins_loss",
    "two_task_loss",
]
