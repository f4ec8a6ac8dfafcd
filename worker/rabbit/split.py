"""The stream from the broker, parted where it arrives: what a channel's tap takes, and the rest, which aiormq reads."""

import struct
import time
from asyncio import StreamReader
from collections.abc import Callable
from typing import Final

from worker.rabbit.mending import BODY_FRAME, HEADER_FRAME, METHOD_FRAME, mended_frame
from worker.rabbit.taps import Tap

# A frame's type, channel and size; its payload and an end mark follow.
FRAME: Final = struct.Struct(">BHI")
FRAME_END: Final = 0xCE
OVERHEAD: Final = FRAME.size + 1
HEARTBEAT_FRAME: Final = 8
KINDS: Final = frozenset({METHOD_FRAME, HEADER_FRAME, BODY_FRAME, HEARTBEAT_FRAME})
HEARTBEAT: Final = FRAME.pack(HEARTBEAT_FRAME, 0, 0) + bytes((FRAME_END,))
# After these of either side a channel's number may be another's.
CLOSES: Final = (b"\x00\x14\x00\x28", b"\x00\x14\x00\x29")
# A peer counts as dead after seconds without a frame; a second is soon enough to tell that some were taken.
LIFE_SIGN_EVERY_S: Final = 1.0


class SplitReader(StreamReader):
    """A stream reader that offers each frame to its channel's tap and keeps what is not taken, mended where need be.

    aiormq takes the peer for dead when it reads nothing: where frames were taken it is given a heartbeat now and then.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._taps: dict[int, Tap] = {}
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._needed_bytes = OVERHEAD
        self._is_broken = False
        self._clock = clock
        self._has_taken = False
        self._life_sign_at = clock()

    def tap(self, channel: int, tap: Tap) -> None:
        """Offer the frames of `channel` to `tap`, until the channel is closed."""
        self._taps[channel] = tap

    def feed_data(self, data: bytes) -> None:  # type: ignore[override]  # transports feed bytes
        """Part the frames that are whole and hold the rest."""
        if self._is_broken:
            super().feed_data(data)
            return
        self._held.append(data)
        self._held_bytes += len(data)
        if self._held_bytes < self._needed_bytes:
            return
        run = b"".join(self._held)
        done = self._part(run)
        self._held = [run[done:]]
        self._held_bytes = len(run) - done
        if self._has_taken and self._clock() - self._life_sign_at >= LIFE_SIGN_EVERY_S:
            self._has_taken, self._life_sign_at = False, self._clock()
            super().feed_data(HEARTBEAT)

    def feed_eof(self) -> None:
        """Leave an unfinished frame to the reader, which says what is wrong with it."""
        held, self._held, self._held_bytes = b"".join(self._held), [], 0
        if held:
            super().feed_data(held)
        super().feed_eof()

    def _part(self, run: bytes) -> int:
        """How many bytes of `run` are done with."""
        at, size = 0, len(run)
        self._needed_bytes = OVERHEAD
        while size - at >= OVERHEAD:
            kind, channel, length = FRAME.unpack_from(run, at)
            end = at + OVERHEAD + length
            if kind not in KINDS or (end <= size and run[end - 1] != FRAME_END):
                # no frame can be told from here on: the reader finds that out as well, and ends the connection
                self._is_broken = True
                super().feed_data(run[at:])
                return size
            if end > size:
                self._needed_bytes = end - at
                break
            tap = self._taps.get(channel)
            if tap is not None and tap.take(kind, run[at + FRAME.size : end - 1]):
                self._has_taken = True
            else:
                self._pass(kind, channel, run[at:end])
            at = end
        return at

    def _pass(self, kind: int, channel: int, frame: bytes) -> None:
        if kind == METHOD_FRAME and frame.startswith(CLOSES, FRAME.size):
            self._taps.pop(channel, None)
        super().feed_data(mended_frame(frame))
