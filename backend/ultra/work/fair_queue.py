"""A queue in which nobody waits behind all the work of somebody else."""

from collections import OrderedDict, deque


class FairQueue:
    """Owners take turns; what one owner put in comes out in order."""

    def __init__(self) -> None:
        self._owners: OrderedDict[str, deque[str]] = OrderedDict()

    def __len__(self) -> int:
        return sum(len(items) for items in self._owners.values())

    def put(self, owner: str, item: str) -> None:
        """Add to the end of this owner's line."""
        self._owners.setdefault(owner, deque()).append(item)

    def put_back(self, owner: str, item: str) -> None:
        """Undo a `pop`: this item is the next to come out."""
        self._owners.setdefault(owner, deque()).appendleft(item)
        self._owners.move_to_end(owner, last=False)

    def pop(self) -> tuple[str, str]:
        """Take the next (owner, item); raises `IndexError` when there is none."""
        if not self._owners:
            raise IndexError("The queue is empty.")
        owner, items = self._owners.popitem(last=False)
        item = items.popleft()
        if items:
            self._owners[owner] = items
        return owner, item

    def remove(self, item: str) -> bool:
        """Take an item out of the line; False when it is not in it."""
        for owner, items in self._owners.items():
            if item in items:
                items.remove(item)
                if not items:
                    del self._owners[owner]
                return True
        return False
