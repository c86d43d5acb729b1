"""Recipes are rows: complete, overridable, and wrong ones are refused at once."""

from types import SimpleNamespace

import pytest

from slimzoo import registry
from slimzoo.errors import SlimzooError
from slimzoo.tracing.parts import network_shapes
from slimzoo.training import recipes
from slimzoo.training.dry_run import chosen_recipe
from slimzoo.training.optimisation import gradient_factors
from slimzoo.training.recipes import RECIPES, Recipe, asked_for, recipe_for

NAMES = ("vgg_a", "vgg_16", "vgg_19", "lenet", "cifarnet", "mobilenet_v1", "mobilenet_v1_025")


@pytest.mark.parametrize("name", NAMES)
def test_every_network_has_a_row_whose_scopes_exist(name):
    network = registry.get_network(name)
    recipe = recipe_for(network)
    shapes = network_shapes(name)
    for scope in recipe.new:
        assert any(variable.startswith(f"{scope}/") for variable in shapes), scope
    gradient_factors(recipe, SimpleNamespace(variables_by_name=shapes))
    network.arg_scope(**recipe.scope_arguments)


def test_vgg_starts_fc6_to_fc8_anew_and_moves_its_convolutions_a_tenth():
    recipe = recipe_for(registry.get_network("vgg_16"))
    assert recipe.new == ("vgg_16/fc6", "vgg_16/fc7", "vgg_16/fc8")
    shapes = network_shapes("vgg_16")
    factors = gradient_factors(recipe, SimpleNamespace(variables_by_name=shapes))
    assert set(factors) == {name for name in shapes if name.startswith("vgg_16/conv")}
    assert set(factors.values()) == {0.1}


def test_a_network_that_names_no_recipe_takes_the_plain_one():
    network = SimpleNamespace(name="vgg_like", recipe="", transfer_heads=("Logits",), task="classification")
    assert recipe_for(network) == Recipe(new=("Logits",))


def test_a_row_that_names_an_unknown_recipe_is_refused_with_those_there_are():
    network = SimpleNamespace(name="mine", recipe="vgg_16", transfer_heads=("Logits",))
    with pytest.raises(
        SlimzooError, match=r"'mine' is registered with recipe 'vgg_16'.* there are vgg, mobi"
    ):
        recipe_for(network)


def test_a_later_scope_overrides_an_earlier_one_and_an_unknown_one_is_refused():
    shapes = {"a/conv1/weights": (1,), "a/conv2/weights": (1,), "a/fc/weights": (1,)}
    model = SimpleNamespace(variables_by_name=shapes)
    recipe = Recipe(learning_rates={"a/conv*": 0.1, "a/conv2": 0.5, "a/fc": 1.0})
    assert gradient_factors(recipe, model) == {"a/conv1/weights": 0.1, "a/conv2/weights": 0.5}
    with pytest.raises(SlimzooError, match=r'learning_rates=\["fc"\] matches nothing; did you mean "a/fc"'):
        gradient_factors(Recipe(learning_rates={"fc": 0.1}), model)


def test_an_unknown_option_is_refused_with_those_there_are():
    with pytest.raises(SlimzooError, match="no option lr, momentum; a recipe has new, freeze, learning_rate"):
        Recipe().override({"lr": 1, "momentum": 2, "epochs": 3})


def test_everything_wrong_is_listed_at_once():
    with pytest.raises(SlimzooError) as caught:
        Recipe(
            optimizer="sgd",
            schedule="linear",
            learning_rate=0,
            batch_size=-1,
            epochs=float("nan"),
            warmup=1.0,
        )
    for words in (
        "'sgd'",
        "'linear'",
        "learning_rate is 0",
        "batch_size is -1",
        "epochs is nan",
        "warmup is 1.0",
    ):
        assert words in str(caught.value)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"learning_rates": {"a": -1.0}}, "learning rate of a is -1.0 times"),
        ({"learning_rates": {"a": 0.1}, "optimizer": "adam"}, "which adam would take out again"),
        ({"batch_size": 2.5}, "batch_size is 2.5"),
    ],
)
def test_what_cannot_work_is_refused(values, words):
    with pytest.raises(SlimzooError, match=words):
        Recipe(**values)


def test_a_recipe_has_all_tricks_refuses_their_mistakes_beside_its_own_and_says_those_that_are_on():
    with pytest.raises(SlimzooError) as caught:
        Recipe(learning_rate=0, mixup=-1.0, class_weights="balanced", sampling="balanced")
    assert len(str(caught.value).splitlines()) == 1 + 3
    assert Recipe().override({"mixup": 0.2}).lines()[-1] == "mixup, Beta(0.2, 0.2)"
    assert len(Recipe(new=("a",)).lines()) == 4


def test_what_is_fitted_is_new_and_nothing_else_unless_it_is_said():
    row = registry.get_network("vgg_16")
    assert asked_for(row, {"method": "probe"}).new == ("vgg_16/fc8",)
    assert asked_for(row, {"method": "head"}).new == ("vgg_16/fc6", "vgg_16/fc7", "vgg_16/fc8")
    assert asked_for(row, {"method": "probe", "new": ("vgg_16/fc7",)}).new == ("vgg_16/fc7",)
    with pytest.raises(
        SlimzooError, match=r"mixup=0.2 means nothing with method='probe', which trains by no steps"
    ):
        asked_for(row, {"method": "probe", "mixup": 0.2})


def test_what_takes_no_steps_names_each_trick_once_and_not_what_that_would_need():
    given = {"power": 2.0, "class_weights": "balanced", "sampling": "balanced", "mixup": -1.0}
    with pytest.raises(SlimzooError) as caught:
        Recipe(method="probe", **given)
    lines = str(caught.value).splitlines()[1:]
    assert len(lines) == 4 and all("which trains by no steps" in line for line in lines)


@pytest.mark.parametrize(
    ("recipe", "options", "steps", "words"),
    [
        ("probe", {"learning_rate": 1.0, "freeze": ("a",)}, 3, ["steps=3", "learning_rate=1.0", "freeze="]),
        ("full", {"epochs": 4.0}, 3, ["steps=3 and epochs=4.0 both say how long"]),
        ("full", {"power": 2.0, "loss_stride": 2}, None, ["power=2.0", "loss_stride=2 is for networks of"]),
    ],
)
def test_arguments_that_would_do_nothing_are_all_refused_at_once(data, recipe, options, steps, words):
    with pytest.raises(SlimzooError) as caught:
        chosen_recipe(recipe, options, "tiny", data[0], "a.ckpt", steps)
    assert all(word in str(caught.value) for word in words)


def test_only_adamw_decays_by_itself():
    assert [Recipe(optimizer=name).decay for name in ("momentum", "adamw")] == [None, 0.004]
    assert Recipe(optimizer="adamw", weight_decay=0.0).decay == 0.0


def test_the_rows_are_valid():
    assert set(RECIPES) == {"vgg", "mobilenet_v1", "lenet", "cifarnet", "deeplab"}


@pytest.mark.parametrize(
    ("images", "from_scratch", "asked", "method"),
    [
        (recipes.FEW, False, False, "probe"),
        (recipes.FEW + 1, False, False, "full"),  # many images
        (10, True, False, "full"),  # no weights whose features could be used
        (10, False, True, "full"),  # an option of training was given
    ],
)
def test_few_images_from_restored_weights_take_the_probe_unless_training_is_asked_for(
    images, from_scratch, asked, method
):
    network = registry.get_row("mobilenet_v1_025")
    assert recipes.usual_method(network, images, from_scratch, asked) == method


def test_a_network_of_ones_own_whose_last_layer_may_be_anything_is_trained_whole():
    assert recipes.usual_method(registry.get_row("tiny"), 10, from_scratch=False, asked=False) == "full"


def test_what_is_asked_for_names_a_method_or_is_refused_with_those_there_are():
    network = registry.get_row("mobilenet_v1_025")
    plain = recipe_for(network)
    found = recipes.asked_for(network, {}, "probe-then-full")
    assert (found.method, found.new) == ("probe-then-full", network.heads)
    assert found.learning_rate == pytest.approx(plain.learning_rate / 10)  # goes on from a fit
    assert recipes.asked_for(network, {"learning_rate": 0.5}, "probe-then-full").learning_rate == 0.5
    heads = [recipes.asked_for(network, {}, "head", several=several) for several in (False, True)]
    assert [head.learning_rate / plain.learning_rate for head in heads] == pytest.approx([0.2, 10])
    fitted = recipes.asked_for(network, {}, "probe-then-full", several=True)
    assert fitted.learning_rate / plain.learning_rate == pytest.approx(2.5)
    fulls = [
        recipes.asked_for(network, {}, "full", several=several, restored=restored)
        for several, restored in ((False, True), (True, True), (False, False))
    ]
    assert [full.learning_rate / plain.learning_rate for full in fulls] == pytest.approx([0.2, 3, 1])
    assert recipes.asked_for(network, {"learning_rate": 0.5}, "full").learning_rate == 0.5
    vgg = registry.get_row("vgg_16")
    assert recipes.asked_for(vgg, {}, "full").learning_rate == recipe_for(vgg).learning_rate
    with pytest.raises(SlimzooError, match="no recipe 'prob'; there are full, head, probe, probe-then-full"):
        recipes.asked_for(network, {}, "prob")


def test_nothing_is_fitted_to_features_for_masks():
    network = registry.get_row("deeplab_v3_mobilenet_v1_025")
    with pytest.raises(SlimzooError, match="method='probe' fits a layer to one answer an image"):
        recipes.asked_for(network, {}, "probe")
