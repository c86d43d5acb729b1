"""tf.contrib.training.HParams: every expected value or type of error here is what TF 1.15.5 answers."""

import copy

import pytest

from slimzoo.slim.hparams import HParams, parse_values


def settings():
    return HParams(rate=0.1, units=100, act="relu", on=True, sizes=[1, 2], names=["a"])


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("", {}),
        ("rate=0.3,units=7", {"rate": 0.3, "units": 7}),
        ("rate=1", {"rate": 1.0}),
        ("on=false", {"on": False}),
        ("on=1", {"on": True}),
        ("act=", {"act": ""}),
        ("sizes=[]", {"sizes": []}),
        ("sizes=[4, 5,6],act=tanh", {"sizes": [4, 5, 6], "act": "tanh"}),
        ("names=[x y,z]", {"names": ["x", "y", "z"]}),
        ("units=1 , rate=2", {"units": 1, "rate": 2.0}),
    ],
)
def test_a_text_overrides_settings(text, changed):
    assert settings().parse(text).values() == {**settings().values(), **changed}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("units=1.5", "Could not parse hparam 'units' of type 'int' with value '1.5'"),
        ("on=yes", "'on' of type 'bool'"),
        ("sizes=3", "Must pass a list for multi-valued parameter: sizes"),
        ("units=[3]", "Must not pass a list for single-valued parameter: units"),
        ("sizes[1]=3", "Must pass a list"),
        ("nope=3", "Unknown hyperparameter type for nope; known are rate, units"),
        ("units=", "with value ''"),
        ("units=1;rate=2", "with value '1;rate=2'"),
        ("units=1,units=2", "Multiple assignments to variable 'units'"),
        ("=3", "Malformed hyperparameter value: =3"),
    ],
)
def test_a_text_that_does_not_fit_is_refused(text, words):
    with pytest.raises(ValueError, match=words.replace("[", r"\[")):
        settings().parse(text)


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("units", 3.5, ValueError),
        ("rate", "3", ValueError),
        ("act", 3, ValueError),
        ("on", 1, ValueError),
        ("units", True, ValueError),
        ("sizes", (1, 2), ValueError),
        ("nope", 1, KeyError),
    ],
)
def test_a_value_of_another_type_is_refused(name, value, error):
    with pytest.raises(error):
        settings().override_from_dict({name: value})


def test_an_int_becomes_a_float_and_none_takes_anything():
    assert repr(settings().override_from_dict({"rate": 3}).rate) == "3.0"
    assert HParams(a=None).override_from_dict({"a": 5}).a == 5


def test_json_goes_out_and_in():
    text = settings().to_json(sort_keys=True)
    assert text == ('{"act": "relu", "names": ["a"], "on": true, "rate": 0.1, "sizes": [1, 2], "units": 100}')
    assert settings().parse_json('{"rate": 2, "sizes": [7]}').sizes == [7]


def test_get_gives_the_setting_or_a_default_of_its_type():
    got = settings()
    assert (got.get("rate"), got.get("nope", 3), got.get("rate", 1.0)) == (0.1, 3, 0.1)
    for name, default in (("rate", "x"), ("sizes", 3), ("units", 2.5)):
        with pytest.raises(ValueError, match="is incompatible with default"):
            got.get(name, default)


def test_settings_come_and_go():
    got = settings()
    assert "rate" in got
    got.del_hparam("rate")
    got.del_hparam("rate")
    assert "rate" not in got
    got.add_hparam("rate", 2)
    with pytest.raises(ValueError, match="reserved: rate"):
        got.add_hparam("rate", 2)
    with pytest.raises(ValueError, match="cannot be empty: a"):
        HParams(a=[])
    with pytest.raises(AttributeError, match="no hyperparameter 'rat'; there are units"):
        _ = got.rat


def test_texts_and_copies_of_settings():
    assert str(HParams(a=1)) == "a=1"
    assert repr(HParams(b="x", a=[1])) == "HParams([('a', [1]), ('b', 'x')])"
    assert copy.deepcopy(settings()).values() == settings().values()


def test_parse_values_reads_elements_and_refuses_two_values_for_one_name():
    kinds = dict.fromkeys(("x", "L", "a", "a.b"), int)
    assert parse_values("x=5,L=[1,2],a[1]=3", kinds) == {"x": 5, "L": [1, 2], "a": {1: 3}}
    assert parse_values("a[ 0 ] = 1", kinds) == {"a": {0: 1}}
    assert parse_values("a.b=1", kinds) == {"a.b": 1}
    assert parse_values("x=5,y=3", kinds, ignore_unknown=True) == {"x": 5}
    for text in ("a=[1,2],a[0]=1", "a[0]=1,a[0]=2", "a[0]=[1]", "a=1,a[0]=2", "a [0]=1", "_a=1"):
        with pytest.raises(ValueError, match="a"):
            parse_values(text, kinds)
