"""Alerts that stand, over all workers, so that each is told once.

An alert's row is the lock: whoever holds or lets go takes it first, so that of two workers exactly one is the first
to hold and exactly one the last to let go.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, select, update

from ultra.domain.alerts import Alert, Standing
from ultra.store.alert_tables import ALERT_HOLDERS, ALERTS
from ultra.store.database import Database
from ultra.store.inserting import inserting

_LONGEST_SUBJECT = 256
_HELD = exists().where(ALERT_HOLDERS.c.name == ALERTS.c.name, ALERT_HOLDERS.c.subject == ALERTS.c.subject)


class StoredAlertBook:
    """Keeps `alerts.AlertBook`."""

    def __init__(self, *, database: Database) -> None:
        self._database = database

    async def hold(self, alert: Alert, *, holder: str, until: datetime) -> bool:
        """Hold an alert; True when nobody held it before."""
        subject = _kept(alert.subject)
        mine = {"name": alert.name, "subject": subject, "holder": holder, "until": until}
        standing = inserting(ALERTS, is_sqlite=self._database.is_sqlite).values(
            name=alert.name, subject=subject, sentence=alert.sentence, since=alert.at
        )
        standing = standing.on_conflict_do_nothing().returning(ALERTS.c.name)
        held = inserting(ALERT_HOLDERS, is_sqlite=self._database.is_sqlite).values(mine)
        held = held.on_conflict_do_update(index_elements=list(ALERT_HOLDERS.primary_key), set_={"until": until})

        def hold(connection: Connection) -> bool:
            is_news = connection.scalar(standing) is not None
            if not is_news and _lock(connection, alert.name, subject) is None:
                is_news = connection.scalar(standing) is not None  # the last holder let go a moment ago
            connection.execute(held)
            return is_news

        return await self._database.write(hold)

    async def release(self, name: str, subject: str, *, holder: str) -> bool:
        """Let go of an alert; True when nobody holds it any more, and when nobody knew of it."""
        subject = _kept(subject)
        mine = delete(ALERT_HOLDERS).where(
            ALERT_HOLDERS.c.name == name, ALERT_HOLDERS.c.subject == subject, ALERT_HOLDERS.c.holder == holder
        )
        over = delete(ALERTS).where(_is(name, subject), ~_HELD)

        def release(connection: Connection) -> bool:
            if _lock(connection, name, subject) is None:
                return True
            connection.execute(mine)
            return connection.execute(over).rowcount > 0

        return await self._database.write(release)

    async def renew(self, *, holder: str, until: datetime) -> None:
        """Go on holding all that is held."""
        longer = update(ALERT_HOLDERS).where(ALERT_HOLDERS.c.holder == holder).values(until=until)
        await self._database.write(lambda connection: connection.execute(longer))

    async def abandoned(self, *, now: datetime) -> tuple[Standing, ...]:
        """Take away and return the alerts whose last holder has not renewed."""
        silent = delete(ALERT_HOLDERS).where(ALERT_HOLDERS.c.until < now)
        over = delete(ALERTS).where(~_HELD).returning(ALERTS)

        def take_away(connection: Connection) -> tuple[Standing, ...]:
            if not connection.execute(silent).rowcount:
                return ()
            return _standing(connection.execute(over).all())

        return await self._database.write(take_away)

    async def standing(self) -> tuple[Standing, ...]:
        """Return the alerts that stand, oldest first."""
        wanted = select(ALERTS).order_by(ALERTS.c.since, ALERTS.c.name, ALERTS.c.subject)
        return await self._database.read(lambda connection: _standing(connection.execute(wanted).all()))


def _lock(connection: Connection, name: str, subject: str) -> str | None:
    """Take an alert's row until the end of the transaction; None where there is none."""
    found: str | None = connection.scalar(select(ALERTS.c.name).where(_is(name, subject)).with_for_update())
    return found


def _is(name: str, subject: str) -> ColumnElement[bool]:
    return and_(ALERTS.c.name == name, ALERTS.c.subject == subject)


def _kept(subject: str) -> str:
    return subject[:_LONGEST_SUBJECT]


def _standing(rows: Sequence[object]) -> tuple[Standing, ...]:
    return tuple(Standing(row.name, row.subject, row.sentence, row.since) for row in rows)  # type: ignore[attr-defined]  # rows of ALERTS
