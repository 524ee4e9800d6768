"""Objectives of pre-training: their terms, what counts as right, and that stems learn by them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import fairface_copy
import numpy as np
import pytest
from lightning_warnings import IGNORED

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")

from torch import Tensor  # noqa: E402

from mien import losses  # noqa: E402
from mien.card import Card  # noqa: E402
from mien.data.fairface import FairFace  # noqa: E402
from mien.errors import ModelError  # noqa: E402
from mien.expressions import BASIC8, OtherClasses  # noqa: E402
from mien.models import Output, create_model, load_model, start_from  # noqa: E402
from mien.training.copies import Copies  # noqa: E402
from mien.training.objectives import Objective, Sizes  # noqa: E402
from mien.training.optimisers import AdamW  # noqa: E402
from mien.training.pretraining import (  # noqa: E402
    FAIRFACE_CLASSES,
    Attributes,
    AttributesAndTwins,
    Twins,
)
from mien.training.recipe import Recipe  # noqa: E402
from mien.training.recipes.pretrain import RESNET_W32_CPU  # noqa: E402
from mien.training.run import train  # noqa: E402

SIZES = Sizes(classes=18, features=6, pooled=6)
WEIGHTS = (1.0, 0.5, 2.0)


def rows(views: int = 1, number: int = 5) -> tuple[Output, Tensor]:
    """Outputs and targets as the loop gives them: targets as often as there are views."""
    torch.manual_seed(0)
    one = torch.stack([torch.randint(0, size, (number,)) for size in (9, 2, 7)], 1)
    output = Output(torch.randn(views * number, 18), torch.randn(views * number, 6))
    return output, one.repeat(views, 1)


def test_the_classes_are_fairfaces() -> None:
    assert len(FAIRFACE_CLASSES) == 18
    assert isinstance(FAIRFACE_CLASSES, OtherClasses)
    assert [FAIRFACE_CLASSES[place] for place in (0, 8, 9, 11, 17)] == [
        *("age 0-2", "age more than 70", "gender Female", "race Black", "race White"),
    ]


def test_attributes_are_weighed() -> None:
    output, targets = rows()
    terms = Attributes(weights=WEIGHTS).make(SIZES).terms(output, targets)
    parts = np.split(output.logits.numpy().astype(float), [9, 11], axis=1)
    for column, (name, weight) in enumerate(zip(("age", "gender", "race"), WEIGHTS, strict=True)):
        logits = parts[column]
        chosen = logits[np.arange(5), targets[:, column]]
        expected = weight * (np.log(np.exp(logits).sum(axis=1)) - chosen).mean()
        assert terms[name].item() == pytest.approx(expected, rel=1e-5)
    criterion = Attributes(weights=WEIGHTS).make(SIZES)
    assert criterion(output, targets).item() == pytest.approx(sum(map(float, terms.values())))


def test_right_is_the_mean_over_the_attributes() -> None:
    output, targets = rows(number=40)
    right, number = Attributes().make(SIZES).right(output, targets)
    parts = np.split(output.logits.numpy(), [9, 11], axis=1)
    each = [(part.argmax(1) == targets[:, at].numpy()).mean() for at, part in enumerate(parts)]
    assert float(right) / number == pytest.approx(np.mean(each))


def test_of_views_only_the_first_are_right_or_wrong() -> None:
    output, targets = rows(views=2, number=40)
    first = Output(output.logits[:40], output.features[:40])
    found = AttributesAndTwins().make(SIZES).right(output, targets)
    assert tuple(map(int, found)) == tuple(
        map(int, Attributes().make(SIZES).right(first, targets[:40]))
    )


def test_both_are_the_terms_of_each() -> None:
    output, targets = rows(views=2)
    record = AttributesAndTwins(Attributes(weights=WEIGHTS), Twins(width=8, weight=0.25))
    torch.manual_seed(1)
    both = record.make(SIZES)
    torch.manual_seed(1)
    twins = record.twins.make(SIZES)
    terms = both.terms(output, targets)
    expected = record.attributes.make(SIZES).terms(output, targets)
    expected |= twins.terms(output, targets)
    assert list(terms) == ["age", "gender", "race", "twins"]
    assert {name: float(value) for name, value in terms.items()} == pytest.approx(
        {name: float(value) for name, value in expected.items()}
    )
    assert terms["twins"].item() == pytest.approx(
        0.25 * losses.twins_loss(*twins.loss.projector(output.features).chunk(2)).item(), rel=1e-5
    )
    assert {id(one) for one in both.parameters()}.isdisjoint(map(id, twins.parameters()))
    assert sum(one.numel() for one in both.parameters()) == 6 * 8 + 2 * 8 * 8 + 4 * 8


def test_twins_do_not_care_for_labels_and_leave_no_weight_without_gradient() -> None:
    output, targets = rows(views=2)
    logits = output.logits.requires_grad_()
    criterion = Twins(width=8).make(Sizes(18, 6, 6))
    loss = criterion(output, targets)
    assert loss.item() == criterion(output, (targets + 1) % 2).item()
    loss.backward()
    assert logits.grad is not None
    assert logits.grad.abs().sum() == 0
    assert (Twins.monitor, Twins.views, Attributes.views) == ("val_loss", 2, 1)


def test_right_of_twins_is_finding_ones_own_other_view() -> None:
    features = torch.eye(6)[:4]
    turned = features[[0, 1, 3, 2]]
    criterion = Twins(width=8).make(SIZES)
    output = Output(torch.zeros(8, 18), torch.cat([features, 3 * features]))
    assert tuple(map(int, criterion.right(output, torch.zeros(8, 3)))) == (4, 4)
    output = Output(torch.zeros(8, 18), torch.cat([features, turned]))
    assert tuple(map(int, criterion.right(output, torch.zeros(8, 3)))) == (2, 4)


def test_a_last_picture_alone_has_nothing_to_correlate_with() -> None:
    output, targets = rows(views=2, number=1)
    output.features.requires_grad_()
    criterion = Twins(width=8).make(SIZES).eval()
    loss = criterion(output, targets)
    assert loss.item() == 0
    loss.backward()


@pytest.mark.parametrize(
    ("objective", "message"),
    [
        (Attributes(groups=(9, 2)), "differ in length"),
        (Attributes(groups=(9, 2, 6)), "need 17 classes, not 18"),
        (Attributes(weights=(1.0, -1.0, 1.0)), "weight of gender is -1"),
        (AttributesAndTwins(Attributes(groups=(9, 2, 6))), "need 17 classes, not 18"),
        (Twins(width=0), "width is 0"),
        (Twins(weight=-1.0), "weight of the twins is -1"),
        (Twins(redundancy=-1.0), "weight is -1"),
    ],
)
def test_refusals(objective: Objective, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        objective.make(SIZES)


def faces(number: int) -> tuple[Tensor, Tensor]:
    """Noise on a pattern for each combination of ages, genders and races that there is."""
    random = torch.Generator().manual_seed(4)
    targets = torch.stack(
        [torch.randint(0, size, (number,), generator=random) for size in (9, 2, 7)], 1
    )
    patterns = torch.randn(18, 3, 16, 16, generator=random)
    shown = patterns[targets + torch.tensor([0, 9, 11])].sum(1)
    return shown + 0.3 * torch.randn(number, 3, 16, 16, generator=random), targets


@pytest.mark.parametrize(
    "objective", [Attributes(), Twins(width=32), AttributesAndTwins(twins=Twins(width=32))]
)
def test_a_stem_learns(objective: Objective) -> None:
    torch.manual_seed(0)
    network = create_model("resnet", classes=18, width=8, depths=(1, 1))
    criterion = objective.make(Sizes(18, 16, 16))
    optimiser = AdamW(learning_rate=5e-3).make(network, criterion)
    pictures, targets = faces(256)
    found = []
    for step in range(60):
        drawn = torch.randint(0, 256, (64,))
        views = [pictures[drawn] + 0.3 * torch.randn(64, 3, 16, 16) for _ in range(objective.views)]
        loss = criterion(network(torch.cat(views)), targets[drawn].repeat(objective.views, 1))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if step % 59 == 0:
            found.append(loss.item())
    assert found[1] < 0.7 * found[0]
    assert all(one.grad is not None for one in network.parameters())
    network.eval()
    with torch.no_grad():
        output = network(torch.cat([pictures[:64]] * objective.views))
    right, number = criterion.right(output, targets[:64].repeat(objective.views, 1))
    assert float(right) / number > 0.6


TINY = replace(
    RESNET_W32_CPU.smoke(),
    options={"width": 8, "depths": (1, 1)},
    preprocess=replace(RESNET_W32_CPU.preprocess, size=32),
    batch=8,
)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("objective", [AttributesAndTwins(twins=Twins(width=16))])
def test_from_fairface_to_a_network_that_starts_from_it(
    objective: Objective, tmp_path: Path
) -> None:
    recipe: Recipe = replace(TINY, objective=objective)
    root = fairface_copy.write(tmp_path / "fairface", 40)
    path = train(recipe, Copies({"fairface": root}), tmp_path / "run")
    assert path is not None
    stem, card = load_model(path)
    assert isinstance(card, Card)
    assert card.labels == FAIRFACE_CLASSES
    (measured,) = card.measurements
    held = measured.images
    # Three attributes of each held-out face; each is right or not.
    assert measured.values["accuracy"] * 3 * held == pytest.approx(
        round(measured.values["accuracy"] * 3 * held), abs=1e-6
    )
    dan = create_model("dan", classes=BASIC8, heads=1, **recipe.options)
    report = start_from(dan, path, labels=BASIC8)
    assert set(report.taken) == {n for n in dan.state_dict() if n.startswith("backbone.")}
    assert torch.equal(dan.backbone.conv1.weight, stem.backbone.conv1.weight)
    assert len(FairFace(root)) == 40


pytestmark = IGNORED
