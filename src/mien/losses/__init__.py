"""Losses of the papers: pure functions of tensors, and thin modules around them."""

from .affinity import AffinityLoss, affinity_loss, centre_spread
from .centre import CentreLoss, centre_loss
from .entropy import CrossEntropy, cross_entropy
from .focal import FocalLoss, focal_loss
from .joint import JointLoss
from .partition import PartitionLoss, partition_loss
from .two_task import TwoTaskLoss, action_unit_loss, two_task_loss
from .unlabelled import UNLABELLED

__all__ = [
    "UNLABELLED",
    "AffinityLoss",
    "CentreLoss",
    "CrossEntropy",
    "FocalLoss",
    "JointLoss",
    "PartitionLoss",
    "TwoTaskLoss",
    "action_unit_loss",
    "affinity_loss",
    "centre_loss",
    "centre_spread",
    "cross_entropy",
    "focal_loss",
    "partition_loss",
    "two_task_loss",
]
