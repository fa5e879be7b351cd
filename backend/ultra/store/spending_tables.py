"""The tables of budgets.

budgets        what was spent and is set aside of one purse in one day or month, counted in UTC
reservations   what is set aside, one row per reservation and purse, gone once it is settled
"""

from sqlalchemy import Column, Index, String, Table

from ultra.store.columns import Moment, Money
from ultra.store.metadata import METADATA

BUDGETS = Table(
    "budgets",
    METADATA,
    Column("purse", String(256), primary_key=True),
    Column("period", String(8), primary_key=True),
    Column("since", String(10), primary_key=True, comment="2026-11-22 of a day, 2026-11 of a month"),
    Column("spent_usd", Money, nullable=False),
    Column("aside_usd", Money, nullable=False),
)

RESERVATIONS = Table(
    "reservations",
    METADATA,
    Column("id", String(128), primary_key=True),
    Column("purse", String(256), primary_key=True),
    Column("period", String(8), primary_key=True),
    Column("since", String(10), nullable=False),
    Column("at", Moment, nullable=False),
    Column("amount_usd", Money, nullable=False),
    Index(None, "at"),
)

ALL = (BUDGETS, RESERVATIONS)
