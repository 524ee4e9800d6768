"""DAN's joint loss: classify, gather the features of a class, part the heads.

Paper, Eq. 7: L = lambda_1 L_af + lambda_2 L_pt + L_cls, both weights 1. The rows of Tables 1
and 2 are options: centre loss or nothing in the place of the affinity loss, and no partition
loss. With which weight DAN used the centre loss is not said; it is not divided by the spread
of the centres and therefore hundreds of times larger (Wen et al. weigh it by 0.003).
"""

from __future__ import annotations

from typing import Literal, get_args

from torch import Tensor, nn

from ..errors import ModelError, TensorError
from ..options import check_choice, check_weight
from .affinity import AffinityLoss
from .centre import CentreLoss
from .entropy import CrossEntropy
from .partition import PartitionLoss

Cluster = Literal["affinity", "centre", "none"]
Partition = Literal["code", "paper", "none"]


class JointLoss(nn.Module):
    """Cross entropy + ``cluster_weight`` * cluster loss + ``partition_weight`` * partition loss.

    The centres of the cluster loss are parameters: the optimiser must get them.

    Targets may be distributions over the classes. The cross entropy takes them as they are;
    the cluster loss, for which a picture belongs to one cluster, takes the most probable class,
    the first of equals.

    Args:
        classes: M, number of classes.
        width: D, dimensions of the pooled features.
        cluster: ``"affinity"`` (Eq. 2), ``"centre"`` (Wen et al. 2016) or ``"none"``.
        partition: ``"code"``, ``"paper"`` (Eq. 6) or ``"none"``.
        cluster_weight: lambda_1.
        partition_weight: lambda_2.
        centres: number of affinity centres, ``classes`` if ``None``.
        label_smoothing: of the cross entropy; DAN has none.

    Raises:
        ModelError: naming the option that has a wrong value, or is excluded by another.
    """

    def __init__(
        self,
        classes: int,
        width: int,
        *,
        cluster: Cluster = "affinity",
        partition: Partition = "code",
        cluster_weight: float = 1.0,
        partition_weight: float = 1.0,
        centres: int | None = None,
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__()
        check_choice("cluster loss", cluster, get_args(Cluster))
        check_choice("partition loss", partition, get_args(Partition))
        check_weight("cluster_weight", cluster_weight)
        check_weight("partition_weight", partition_weight)
        if centres is not None and cluster != "affinity":
            raise ModelError(f"centres={centres} needs the affinity loss, not cluster={cluster!r}")
        self.entropy = CrossEntropy(label_smoothing=label_smoothing)
        self.cluster: AffinityLoss | CentreLoss | None = None
        if cluster == "affinity":
            self.cluster = AffinityLoss(classes, width, centres)
        elif cluster == "centre":
            self.cluster = CentreLoss(classes, width)
        self.partition = None if partition == "none" else PartitionLoss(partition)
        self.weights = {"cluster": cluster_weight, "partition": partition_weight}

    def terms(
        self, logits: Tensor, pooled: Tensor | None, heads: Tensor | None, targets: Tensor
    ) -> dict[str, Tensor]:
        """The losses before their weights, by name: entropy, and cluster and partition if any.

        Raises:
            TensorError: naming the tensor that is wrong, or missing.
        """
        terms = {"entropy": self.entropy(logits, targets)}
        if self.cluster is not None:
            if pooled is None:
                raise TensorError("the cluster loss needs pooled features; there are none")
            labels = targets.argmax(dim=1) if targets.is_floating_point() else targets
            terms["cluster"] = self.cluster(pooled, labels)
        if self.partition is not None:
            if heads is None:
                raise TensorError("the partition loss needs heads; there are none")
            if heads.shape[:1] != logits.shape[:1]:
                raise TensorError(
                    f"logits {tuple(logits.shape)} and heads {tuple(heads.shape)} are of "
                    "different numbers of pictures"
                )
            terms["partition"] = self.partition(heads)
        return terms

    def forward(
        self, logits: Tensor, pooled: Tensor | None, heads: Tensor | None, targets: Tensor
    ) -> Tensor:
        """Eq. 7.

        Args:
            logits: float (N, M), N pictures, M classes.
            pooled: float (N, D), average of the backbone's maps; ``None`` if no cluster loss.
            heads: float (N, K, D'), a vector per head; ``None`` if no partition loss.
            targets: int64 (N,) class indices, or float (N, M) distributions.

        Returns:
            A scalar, float32 at least.

        Raises:
            TensorError: naming the tensor that is wrong, or missing.
        """
        terms = self.terms(logits, pooled, heads, targets)
        total = terms.pop("entropy")
        for name, term in terms.items():
            total = total + self.weights[name] * term
        return total
