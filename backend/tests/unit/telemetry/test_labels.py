"""Labels stay few."""

from ultra.telemetry.labels import OTHER, Names


def test_only_so_many_models_have_a_name() -> None:
    """Beyond two hundred a listed model is `other`; those that have a name keep it."""
    names = Names(lists=lambda _: True)
    labels = [names.of("acme", f"acme/{number}") for number in range(300)]
    assert len({model for _, model in labels}) == 201
    assert labels[-1] == ("acme", OTHER)
    assert names.of("acme", "acme/0") == ("acme", "acme/0")


def test_a_model_that_is_listed_later_gets_its_name_then() -> None:
    """What is unknown is not remembered as such."""
    listed: set[str] = set()
    names = Names(lists=listed.__contains__)
    assert names.of("acme", "acme/young") == ("acme", OTHER)
    listed.add("acme/young")
    assert names.of("acme", "acme/young") == ("acme", "acme/young")


def test_patterns_and_flows_are_bounded() -> None:
    """Lenses come from a folder of the operator's; even so there are not more than fifty names."""
    names = Names(lists=lambda _: True)
    assert len({names.pattern(f"p{number}") for number in range(200)}) == 51
    assert len({names.flow(f"f{number}") for number in range(200)}) == 21
