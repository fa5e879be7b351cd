"""The tables of alerts.

alerts          what stands now, over all workers
alert_holders   which worker sees it; one that died has stopped renewing `until`
"""

from sqlalchemy import Column, ForeignKeyConstraint, Index, String, Table

from ultra.store.columns import Moment, Prose
from ultra.store.metadata import METADATA

ALERTS = Table(
    "alerts",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("subject", String(256), primary_key=True),
    Column("sentence", Prose, nullable=False),
    Column("since", Moment, nullable=False),
)

ALERT_HOLDERS = Table(
    "alert_holders",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("subject", String(256), primary_key=True),
    Column("holder", String(64), primary_key=True),
    Column("until", Moment, nullable=False),
    ForeignKeyConstraint(["name", "subject"], ["alerts.name", "alerts.subject"], ondelete="CASCADE"),
    Index(None, "holder"),
)

ALL = (ALERTS, ALERT_HOLDERS)
