"""A book of alerts in a dictionary."""

from datetime import datetime

from ultra.domain.alerts import Alert, Standing


class FakeAlertBook:
    """Keeps the promise of `AlertBook`."""

    def __init__(self) -> None:
        self._alerts: dict[tuple[str, str], Standing] = {}
        self._holders: dict[tuple[str, str], dict[str, datetime]] = {}

    async def hold(self, alert: Alert, *, holder: str, until: datetime) -> bool:
        """Hold an alert."""
        place = (alert.name, alert.subject)
        is_news = place not in self._alerts
        if is_news:
            self._alerts[place] = Standing(alert.name, alert.subject, alert.sentence, alert.at)
        self._holders.setdefault(place, {})[holder] = until
        return is_news

    async def release(self, name: str, subject: str, *, holder: str) -> bool:
        """Let go of an alert."""
        place = (name, subject)
        self._holders.get(place, {}).pop(holder, None)
        if self._holders.get(place):
            return False
        self._alerts.pop(place, None)
        return True

    async def renew(self, *, holder: str, until: datetime) -> None:
        """Go on holding all that is held."""
        for holders in self._holders.values():
            if holder in holders:
                holders[holder] = until

    async def abandoned(self, *, now: datetime) -> tuple[Standing, ...]:
        """Take away what nobody renewed."""
        left = []
        for place, holders in self._holders.items():
            self._holders[place] = {each: until for each, until in holders.items() if until >= now}
            if holders and not self._holders[place]:
                left.append(self._alerts.pop(place))
        return tuple(left)

    async def standing(self) -> tuple[Standing, ...]:
        """Return the alerts that stand, oldest first."""
        return tuple(sorted(self._alerts.values(), key=lambda each: each.since))
