import pytest

pytest.importorskip("lightning")

from mien.errors import InputError, UnknownName
from mien.training.recipes import RECIPES, find_recipe


def test_settings_are_parsed_by_the_type_of_the_field() -> None:
    recipe = find_recipe("ferplus.small").with_settings(
        {"epochs": "3", "learning_rate": "0.5", "merge_votes": "false", "precision": "32-true"}
    )
    assert (recipe.epochs, recipe.learning_rate) == (3, 0.5)
    assert recipe.merge_votes is False
    assert recipe.precision == "32-true"


def test_options_of_the_network_are_set_one_by_one() -> None:
    recipe = find_recipe("ferplus.timm").with_settings(
        {"options.backbone": "resnet10t", "options.drop_rate": "0.1", "epochs": "2"}
    )
    assert recipe.options == {"backbone": "resnet10t", "drop_rate": 0.1}
    assert find_recipe("ferplus.timm").options == {"backbone": "mobilenetv4_conv_small"}
    assert recipe.epochs == 2


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("epochs", "many", "value like int"),
        ("merge_votes", "perhaps", "value like bool"),
    ],
)
def test_wrong_values_are_named(key: str, value: str, message: str) -> None:
    with pytest.raises(InputError, match=f"--set {key}={value}.*{message}"):
        find_recipe("ferplus.small").with_settings({key: value})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("targets", "Hard"),
        ("batch", "0"),
        ("seed", "-1"),
        ("teacher_share", "2"),
        ("optimiser", "Adam"),
    ],
)
def test_values_out_of_range_are_refused(key: str, value: str) -> None:
    with pytest.raises(InputError, match=key):
        find_recipe("ferplus.small").with_settings({key: value})


def test_an_unknown_way_of_sampling_names_the_nearest() -> None:
    with pytest.raises(UnknownName, match="did you mean balanced"):
        find_recipe("ferplus.small").with_settings({"sampling": "balance"})


def test_unknown_keys_and_recipes_name_the_nearest() -> None:
    with pytest.raises(UnknownName, match="did you mean epochs"):
        find_recipe("ferplus.small").with_settings({"epoch": "3"})
    with pytest.raises(UnknownName, match=r"did you mean ferplus\.small"):
        find_recipe("ferplus.smal")


def test_names_are_their_keys_and_smoke_is_small() -> None:
    for name, recipe in RECIPES.items():
        assert recipe.name == name
        assert recipe.smoke().epochs * recipe.smoke().limit <= 1024
