"""APViT (Xue et al., IEEE Transactions on Affective Computing 2022): a ViT that looks away.

IR-50 makes maps, a 1x1 convolution projects them to patches. Attentive patch pooling lets
only the k patches with the strongest response go on; attentive token pooling lets each block
of the encoder's second half pass on only the share r that the class token attends to most.
What is left out costs nothing afterwards. Neither has parameters.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from torch import Tensor, nn

from ..errors import ModelError
from ..options import check_choice, check_count, check_rate
from .output import Output
from .parts.checks import check_images
from .parts.encoder import Encoder
from .parts.ir50 import IR50
from .parts.patch_pooling import PatchPooling
from .parts.sizes import DEIT_TINY, SMALL
from .parts.token_pooling import TokenPooling
from .registry import register

_PATCH = 16


class APViT(nn.Module):
    """Stem, projection, patch pooling, encoder, one or two heads.

    With IR-50 and an encoder of 768 x 8: 65,209,543 parameters.
    """

    def __init__(
        self,
        stem: nn.Module,
        projection: nn.Conv2d,
        stride: int,
        pooling: PatchPooling,
        encoder: Encoder,
        head: str,
        classifier: nn.Module,
        action_units: nn.Module | None,
        decay: str,
    ) -> None:
        super().__init__()
        self.stem = stem
        self.projection = projection
        self.stride = stride
        self.pooling = pooling
        self.encoder = encoder
        self.head = head
        self.classifier = classifier
        self.action_units = action_units
        self.decay = decay
        self.set_progress(0.0)

    def set_progress(self, progress: float) -> None:
        """Say which share of training is done, for ``decay="gradual"`` (Table 4).

        It changes the numbers of training alone; evaluation has the final ones, so that a
        checkpoint means the same wherever it is loaded.

        Raises:
            ModelError: if it lies outside 0 to 1.
        """
        check_rate("progress", progress)
        if self.decay == "gradual":
            for module in self.modules():
                if isinstance(module, PatchPooling | TokenPooling):
                    module.set_progress(progress)

    def forward(self, images: Tensor) -> Output:
        """Images (N, 3, H, W) to logits (N, M), patch scores and what was kept.

        Raises:
            TensorError: if the pictures are not what :func:`check_images` asks for, or have
                fewer patches than are to be kept.
        """
        check_images(images, self.stride)
        maps, scores, kept = self.pooling(self.projection(self.stem(images)))
        encoded = self.encoder(maps, kept)
        tokens = encoded.tokens
        features = tokens[:, 0] if self.head == "class_token" else tokens[:, 1:].mean(1)
        return Output(
            self.classifier(features),
            features,
            attention=scores,
            class_attention=encoded.class_attention,
            kept=encoded.kept,
            action_units=None if self.action_units is None else self.action_units(features),
        )


@register("apvit")
def build_apvit(
    *,
    classes: int,
    image_size: int = 112,
    keep_patches: int | None = 160,
    keep_rate: float | Sequence[float] = 0.9,
    patch_criterion: str = "abs",
    token_criterion: str = "sum",
    patch_pooling: str = "hard",
    decay: str = "constant",
    lanet_norm: bool = True,
    lanet_sigmoid: bool = True,
    head: str = "class_token",
    action_units: int = 0,
    branch: str = "linear",
    stem: str = "ir50",
    stages: int = 3,
    units: Sequence[int] = (3, 4, 14, 3),
    widths: Sequence[int] = (64, 128, 256, 512),
    width: int = 768,
    blocks: int = 8,
    heads: int = 8,
    mlp_ratio: float = 3.0,
    qkv_bias: bool = False,
    attention_scale: str = "head",
) -> APViT:
    """Builder of APViT; the defaults are those of RAF-DB, AffectNet and FERPlus.

    Args:
        classes: M; 10 for the setting of CIFAR-10 (Table 15).
        image_size: pixels for which the position embedding is made; others are resampled.
        keep_patches: k of patch pooling; ``None`` for all. SFEW 120; ExpW, Aff-Wild2 80.
        keep_rate: r of token pooling, 1 for all, in the second half of the blocks; or one
            for each block. ExpW and Aff-Wild2 0.6.
        patch_criterion: ``"abs"``, ``"sum"``, ``"max"``, ``"lanet"``, ``"conv"`` (Table 5).
        token_criterion: ``"sum"``, ``"abs"``, ``"max"`` (Table 5).
        patch_pooling: ``"hard"`` or ``"soft"`` (Table 6), which leaves none out.
        decay: ``"constant"`` or ``"gradual"`` (Table 4); see :meth:`APViT.set_progress`.
        lanet_norm, lanet_sigmoid: of a LANet as criterion; released with both, the paper
            has neither.
        head: ``"class_token"``, or ``"average"`` of the patch tokens left (Table 1).
        action_units: U, outputs of the second task (Aff-Wild2: 12), 0 for none.
        branch: each task's branch: ``"linear"``, or ``"mlp"``: linear, norm, ReLU, linear.
        stem: ``"ir50"``, or ``"patch16"`` for patches of 16 pixels straight from the picture.
        stages, units, widths: of IR-50.
        width, blocks, heads, mlp_ratio, qkv_bias, attention_scale: of the encoder.

    Raises:
        ModelError: if an option has a wrong value or two exclude each other.
    """
    check_choice("stem", stem, ("ir50", "patch16"))
    check_choice("head", head, ("class_token", "average"))
    check_choice("decay", decay, ("constant", "gradual"))
    rates = _rates(keep_rate, blocks)
    _check_pooling(keep_patches, rates, patch_pooling, decay)
    trunk = IR50(stages, units, widths) if stem == "ir50" else nn.Identity()
    if isinstance(trunk, IR50):
        stride, projection = trunk.stride, nn.Conv2d(trunk.width, width, 1)
    else:
        stride, projection = _PATCH, nn.Conv2d(3, width, _PATCH, _PATCH)
    encoder = Encoder(
        width,
        blocks,
        heads,
        image_size,
        stride,
        mlp_ratio=mlp_ratio,
        qkv_bias=qkv_bias,
        attention_scale=attention_scale,
        keep_rates=rates,
        criterion=token_criterion,
    )
    if keep_patches is not None:
        check_count("keep_patches", keep_patches, most=encoder.grid[0] * encoder.grid[1])
    pooling = PatchPooling(
        width,
        keep_patches,
        patch_criterion,
        patch_pooling,
        norm=lanet_norm,
        sigmoid=lanet_sigmoid,
    )
    classifier, second = _heads(branch, width, classes, action_units)
    return APViT(trunk, projection, stride, pooling, encoder, head, classifier, second, decay)


def _rates(keep_rate: float | Sequence[float], blocks: int) -> tuple[float, ...]:
    """Keep rate of each block: the second half's alone (paper, below Eq. 3)."""
    if isinstance(keep_rate, Sequence):
        return tuple(keep_rate)
    pruning = blocks // 2
    return (1.0,) * (blocks - pruning) + (keep_rate,) * pruning


def _check_pooling(keep: int | None, rates: Sequence[float], method: str, decay: str) -> None:
    if method == "soft" and keep is not None:
        raise ModelError("patch_pooling='soft' leaves no patch out; set keep_patches=None")
    if decay == "gradual" and keep is None and min(rates, default=1) == 1:
        raise ModelError("decay='gradual' has nothing to decay: nothing is left out")


def _heads(
    branch: str, width: int, classes: int, action_units: int
) -> tuple[nn.Module, nn.Module | None]:
    """Classifier of expressions, and of action units where there is that second task.

    A classifier alone starts at zero, as released; one of two tasks does not (its routine is
    never called there).
    """
    check_count("classes", classes)
    check_count("action_units", action_units, least=0)
    check_choice("branch", branch, ("linear", "mlp"))
    if action_units:
        return _branch(branch, width, classes), _branch(branch, width, action_units)
    if branch != "linear":
        raise ModelError(f"branch={branch!r} is for two tasks; set action_units")
    classifier = nn.Linear(width, classes)
    nn.init.zeros_(classifier.weight)
    nn.init.zeros_(classifier.bias)
    return classifier, None


def _branch(kind: str, width: int, outputs: int) -> nn.Module:
    if kind == "linear":
        return nn.Linear(width, outputs)
    return nn.Sequential(
        nn.Linear(width, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Linear(width, outputs)
    )


register("apvit_small")(partial(build_apvit, **SMALL, keep_patches=112))
register("apvit_hybrid_tiny")(partial(build_apvit, **DEIT_TINY, keep_patches=120))
register("apvit_deit_tiny")(
    partial(
        build_apvit, **DEIT_TINY, stem="patch16", image_size=224, keep_patches=None, keep_rate=0.8
    )
)
