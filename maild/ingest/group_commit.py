"""Mails that arrive together share one commit.

While one thread makes a batch durable, the next batch gathers; nobody waits for a timer.
Lives on the door's event loop; what `Intake.take_many` does is the store's business.
"""

import asyncio
import logging
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from maild.errors import Temporary
from maild.interfaces import Intake
from maild.model.mail import Envelope

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Waiting:
    raw: bytes
    envelope: Envelope
    result: asyncio.Future[int]


class GroupCommit:
    """Hands mails to the intake from one writer thread, as many at once as are waiting."""

    def __init__(self, intake: Intake, *, batch_count: int, batch_bytes: int) -> None:
        self._intake = intake
        self._batch_count = batch_count
        self._batch_bytes = batch_bytes
        self._queue: deque[_Waiting] = deque()
        self._busy: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="maild-intake")

    async def take(self, raw: bytes, envelope: Envelope) -> int:
        """The mail's intake number once it is durable. Raises what the intake raised.

        Cancelling the caller does not take the mail back: a client that hangs up after the
        final dot finds its mail known when it tries again.
        """
        result: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        result.add_done_callback(_forget)
        self._queue.append(_Waiting(raw, envelope, result))
        if self._busy is None:
            self._busy = asyncio.create_task(self._drain())
        return await asyncio.shield(result)

    async def finish(self) -> None:
        """Wait until nothing is in hand, then let the thread go."""
        while self._busy is not None:
            await asyncio.wait([self._busy])
        self._thread.shutdown(wait=False)

    async def _drain(self) -> None:
        try:
            while self._queue:
                await self._commit(self._next_batch())
        finally:
            self._busy = None

    def _next_batch(self) -> list[_Waiting]:
        batch = [self._queue.popleft()]
        size = len(batch[0].raw)
        while self._queue and len(batch) < self._batch_count:
            size += len(self._queue[0].raw)
            if size > self._batch_bytes:
                break
            batch.append(self._queue.popleft())
        return batch

    async def _commit(self, batch: list[_Waiting]) -> None:
        mails = [(w.raw, w.envelope) for w in batch]
        loop = asyncio.get_running_loop()
        try:
            numbers = await loop.run_in_executor(self._thread, self._intake.take_many, mails)
        except Exception as error:
            await self._refuse_or_split(batch, error)
        else:
            for waiting, number in zip(batch, numbers, strict=True):
                waiting.result.set_result(number)

    async def _refuse_or_split(self, batch: list[_Waiting], error: Exception) -> None:
        # A store in trouble is in trouble for all. Anything else may be the fault of one
        # mail, and must not hold up those that came with it.
        if len(batch) == 1 or isinstance(error, Temporary):
            log.warning("intake refused %d mails: %r", len(batch), error)
            for waiting in batch:
                waiting.result.set_exception(error)
            return
        for waiting in batch:
            await self._commit([waiting])


def _forget(result: asyncio.Future[int]) -> None:
    """Nobody may be left to hear of an error; asyncio need not complain of it."""
    if not result.cancelled():
        result.exception()
