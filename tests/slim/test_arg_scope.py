"""arg_scope: defaults for a block, nested, overridden, re-entered, and refused where they are mistaken."""

import contextvars
import threading

import pytest

from slimzoo import slim


@slim.add_arg_scope
def first(x, a=1, b=None):
    """Returns what it was called with."""
    return x, a, b


@slim.add_arg_scope
def second(x, a=1, **others):
    """Takes any keyword."""
    return x, a, others


def test_a_scope_sets_defaults_only_inside_its_block():
    with slim.arg_scope([first], a=2):
        assert first(0) == (0, 2, None)
    assert first(0) == (0, 1, None)


def test_nested_scopes_add_up_and_the_inner_one_wins():
    with slim.arg_scope([first], a=2, b=3), slim.arg_scope([first], a=4):
        assert first(0) == (0, 4, 3)


def test_an_argument_of_the_call_wins_by_name():
    with slim.arg_scope([first], a=2, b=3):
        assert first(0, a=5) == (0, 5, 3)
        assert first(0, b=None) == (0, 2, None)


def test_an_argument_by_position_that_a_scope_sets_is_refused_as_in_tensorflow_1():
    with (
        slim.arg_scope([first], a=2),
        pytest.raises(TypeError, match=r"multiple values for argument 'a'.*a=\.\.\."),
    ):
        first(0, 5)


def test_a_scope_can_be_re_entered_as_a_dict_and_replaces_the_one_around():
    with slim.arg_scope([first], a=2) as scope:
        pass
    with slim.arg_scope([first], b=9), slim.arg_scope(scope):
        assert first(0) == (0, 2, None)


def test_a_scope_entered_from_a_dict_is_a_copy():
    with slim.arg_scope([first], a=2) as scope:
        pass
    with slim.arg_scope(scope), slim.arg_scope([first], a=3):
        pass
    with slim.arg_scope(scope):
        assert first(0) == (0, 2, None)


def test_an_unknown_keyword_is_refused_where_it_is_written():
    with pytest.raises(TypeError, match=r"arg_scope sets 'c', which first does not take: x, a, b"):
        slim.arg_scope([first, second], c=1)
    with slim.arg_scope([second], c=1):
        assert second(0) == (0, 1, {"c": 1})


def test_all_ops_that_do_not_take_a_keyword_are_listed():
    with pytest.raises(TypeError, match=r"convolution2d does not take(.|\n)*fully_connected does not take"):
        slim.arg_scope([slim.conv2d, slim.fully_connected], weight_regularizer=None)


def test_an_op_without_the_decorator_is_refused():
    with pytest.raises(ValueError, match="max is not decorated with @add_arg_scope"):
        slim.arg_scope([max], key=None)


@pytest.mark.parametrize("wrong", [first, "first", None])
def test_ops_have_to_be_a_list(wrong):
    with pytest.raises(TypeError, match="takes a list or tuple of ops"):
        slim.arg_scope(wrong, a=1)


def test_a_dict_takes_no_keywords_beside_it():
    with pytest.raises(ValueError, match="entered as it is, but a came with it"):
        slim.arg_scope({}, a=1)


def test_an_error_inside_the_block_leaves_the_scope():
    with pytest.raises(KeyError), slim.arg_scope([first], a=2):
        raise KeyError
    assert slim.current_arg_scope() == {}


def test_two_ops_of_one_name_do_not_share_settings():
    def make():
        @slim.add_arg_scope
        def twin(a=1):
            return a

        return twin

    one, other = make(), make()
    with slim.arg_scope([one], a=2):
        assert (one(), other()) == (2, 1)


def test_an_alias_shares_the_settings_of_its_op():
    assert slim.arg_scope_func_key(slim.conv2d) == slim.arg_scope_func_key(slim.convolution2d)
    assert slim.arg_scope_func_key(slim.conv2d) != slim.arg_scope_func_key(slim.convolution)


def test_the_decorator_can_be_asked_for_and_lists_what_can_be_set():
    assert slim.has_arg_scope(first) and not slim.has_arg_scope(max)
    assert slim.arg_scoped_arguments(first) == ("a", "b")
    with pytest.raises(ValueError, match="not decorated"):
        slim.arg_scoped_arguments(max)


def test_the_name_and_docstring_of_an_op_survive():
    assert (first.__name__, first.__doc__) == ("first", "Returns what it was called with.")


def test_threads_do_not_see_each_others_scopes_but_a_copied_context_does():
    seen = []
    with slim.arg_scope([first], a=2):
        context = contextvars.copy_context()
        threads = [
            threading.Thread(target=lambda: seen.append(first(0)[1])),
            threading.Thread(target=context.run, args=(lambda: seen.append(first(0)[1]),)),
        ]
        for thread in threads:
            thread.start()
            thread.join()
    assert seen == [1, 2]
