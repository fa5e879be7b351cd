"""The tables, as the newest migration leaves them; a test compares the two.

runs         one row per run; `lease_worker` and `lease_until` alone decide who works on it
run_events   the journal: `seq` counts from 1 without gaps within a run
ledger       one row per upstream call, written before it is made and completed after
stamp        facts about this database itself, such as the environment it belongs to

Those of accounts, the audit, budgets and alerts stand in `account_tables.py`, `spending_tables.py`, `alert_tables.py`.
"""

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, String, Table, Text

from ultra.store import account_tables, alert_tables, spending_tables
from ultra.store.columns import Json, Moment, Money, Prose
from ultra.store.metadata import METADATA

__all__ = ["ALL", "LEDGER", "METADATA", "RUNS", "RUN_EVENTS", "STAMP"]

RUNS = Table(
    "runs",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("owner", String(128), nullable=False),
    Column("status", String(16), nullable=False),
    Column("question", Json, nullable=False),
    Column("searchable", Prose, nullable=False, comment="the prompt, case folded"),
    Column("options", Json, nullable=False),
    Column("panel", Json, nullable=False),
    Column("resumable", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("started_at", Moment),
    Column("finished_at", Moment),
    Column("deadline_at", Moment),
    Column("cancel_requested", Boolean, nullable=False),
    Column("verdict", Json),
    Column("cost_usd", Money),
    Column("error_kind", String(64)),
    Column("error", Prose),
    Column("follow_up_to", String(64)),
    Column("request_id", Prose),
    Column("lease_worker", String(256)),
    Column("lease_until", Moment),
    Column("last_seq", Integer, nullable=False, comment="of the newest event"),
    Column("credential_id", String(64), comment="the session, token family or key it was asked for with"),
    Index(None, "owner", "created_at", "id"),
    Index(None, "finished_at", "created_at"),
)

RUN_EVENTS = Table(
    "run_events",
    METADATA,
    Column("run_id", String(64), ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("type", String(32), nullable=False),
    Column("at", Moment, nullable=False),
    Column("data", Json, nullable=False),
)

LEDGER = Table(
    "ledger",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("at", Moment, nullable=False),
    Column("principal", String(128), nullable=False),
    Column("request_id", Prose, nullable=False),
    Column("run_id", String(64), comment="stays when the run is deleted: money is not forgotten"),
    Column("stage", String(64)),
    Column("provider", String(64), nullable=False),
    Column("model", Prose, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("reserved_usd", Money, comment="the worst case; NULL when the price is unknown"),
    Column("possible_double_charge", Boolean, nullable=False),
    Column("settled_at", Moment, comment="NULL while the call is open, or when a crash left it so"),
    Column("outcome", String(16)),
    Column("error_kind", String(64)),
    Column("upstream_request_id", Prose),
    Column("usage", Json),
    Column("cost_usd", Money, comment="NULL is unknown, never zero"),
    Column("first_token_s", Float),
    Column("total_s", Float),
    Column("credential_id", String(64), comment="the session, token family or key it was asked for with"),
    Index(None, "run_id"),
    Index(None, "principal", "at"),
    Index(None, "request_id"),
)

STAMP = Table(
    "stamp",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

ALL = (RUNS, RUN_EVENTS, LEDGER, STAMP, *account_tables.ALL, *spending_tables.ALL, *alert_tables.ALL)
