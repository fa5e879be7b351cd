"""What tables a revision has, and what of a database does not fit."""

from ultra.store import migrating, shape

NEWEST = migrating.revisions()[-1]


def test_the_newest_revision_is_what_is_declared() -> None:
    """No migration has to run to know it."""
    assert shape.of_revision(NEWEST, newest=NEWEST) == shape.declared()
    assert shape.of_revision(None, newest=NEWEST) == {}


def test_an_earlier_revision_is_built_to_see() -> None:
    """The first had no users, and no credentials in the ledger."""
    first = shape.of_revision(migrating.revisions()[0], newest=NEWEST)
    assert set(first) == {"runs", "run_events", "ledger", "stamp"}
    assert shape.declared()["ledger"] - first["ledger"] == {"credential_id"}


def test_what_does_not_fit_is_said_in_words() -> None:
    """Too little, too much, and too early; what belongs to others is none of our business."""
    wanted = {"runs": frozenset({"id", "owner"}), "stamp": frozenset({"name"})}
    there = {
        "runs": frozenset({"id", "colour"}),
        "users": frozenset({"id"}),
        "_alembic_tmp_runs": frozenset({"id"}),
        "somebody_elses": frozenset({"id"}),
    }
    assert shape.defects(there, wanted) == (
        "table stamp is missing",
        "table _alembic_tmp_runs is there too early",
        "table users is there too early",
        "column runs.owner is missing",
        "column runs.colour is not of this revision",
    )
    assert shape.defects(wanted | {"somebody_elses": frozenset()}, wanted) == ()
