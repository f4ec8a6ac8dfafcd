"""Row locks: waited for in order of arrival; a circle of waiting transactions is a conflict, as in a database."""

import asyncio
from collections import defaultdict, deque

from worker.faults import Conflict

Key = tuple[str, str]


class Locks:
    """Who holds which key, and who waits for it."""

    def __init__(self) -> None:
        self._owner: dict[Key, object] = {}
        self._queue: defaultdict[Key, deque[tuple[object, asyncio.Future[None]]]] = defaultdict(deque)
        self._waits_for: dict[object, Key] = {}

    async def take(self, owner: object, key: Key) -> None:
        """Returns once `owner` holds the key, until `release`. Raises `Conflict` on a deadlock."""
        holder = self._owner.setdefault(key, owner)
        if holder is owner:
            return
        if self._closes_circle(owner, key):
            raise Conflict(f"deadlock over {key}")
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting = (owner, turn)
        self._queue[key].append(waiting)
        self._waits_for[owner] = key
        try:
            await turn
        finally:
            self._waits_for.pop(owner, None)
            if waiting in self._queue[key]:
                self._queue[key].remove(waiting)

    def release(self, owner: object) -> None:
        """Hand on all that `owner` holds."""
        for key in [key for key, holder in self._owner.items() if holder is owner]:
            del self._owner[key]
            self._hand_on(key)

    def _hand_on(self, key: Key) -> None:
        """To the first who still waits, and from now on does not."""
        while self._queue[key]:
            owner, turn = self._queue[key].popleft()
            if not turn.done():
                self._owner[key] = owner
                del self._waits_for[owner]
                turn.set_result(None)
                return

    def _closes_circle(self, owner: object, key: Key) -> bool:
        holder = self._owner.get(key)
        while holder is not None and holder in self._waits_for:
            holder = self._owner[self._waits_for[holder]]
            if holder is owner:
                return True
        return False
