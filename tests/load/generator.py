"""
Constant load from a thread of its own, while a test does something to what it loads.

It is an open model: requests are sent at fixed times, however long others take, as visitors
who know nothing of one another would. Nothing is repeated. All times count from when a
request was due, so that a server that stalls is charged for everybody who had to wait.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from .connections import Connections, MalformedAnswerError
from .outcomes import Event, Outcome, Stretch, Written, stretch
from .traffic import Catalogue, Traffic, learn
from .writes import Editor, WriteError, complaint

_READ_BACK_AT_ONCE: Final = 4
_LOOK_PERIOD_SECONDS: Final = 0.01

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to load, and how much."""

    edge_url: str
    """`http://host:port`, where visitors ask and editors write."""
    api_token: str = field(default="", repr=False)
    """What an editor writes by, with the scopes `read` and `shows:write`; empty for no writes."""
    requests_per_second: float = 100.0
    writes_per_second: float = 2.0
    late_seconds: float = 2.0
    """An answer that comes later than this after its request was due is none."""
    before_seconds: float = 10.0
    """How long all must have been well before an event; that is also what it is compared to."""
    after_seconds: float = 5.0
    calm_within_seconds: float = 60.0
    """How long to wait for that."""


class Load:
    """
    The load under way. To be made by `running`, and used from another thread than its own.
    """

    def __init__(self, plan: Plan, catalogue: Catalogue, *, say: Say) -> None:
        self._plan = plan
        self._questions = iter(Traffic(catalogue))
        self._say = say
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._ended: Future[None] = Future()
        self._edge = _connections(plan.edge_url)
        self._editor = Editor(self._edge, plan.api_token) if plan.api_token else None
        self._reads: list[Outcome] = []
        self._writes: list[Outcome] = []
        self._unanswered: set[tuple[object, float]] = set()
        """What is due next of each kind, or under way, with when it was due."""
        self._calm_since_monotonic = time.monotonic()
        self.sent_late_seconds = 0.0
        """The most that a request was sent after it was due: above that, blame the generator."""

    @contextlib.contextmanager
    def event(self, name: str) -> Iterator[Event]:
        """
        Watch the load before, during and after the body, which makes something happen.

        Waits until all was well for a while before, and watches on for a while after; then
        reads back what was acknowledged in that time, prints the figures, and fills the event.
        A body that fails is reported too.

        Raises:
            AssertionError: it was not well before.
        """
        event = Event(name)
        before_monotonic = self._calm()
        began_monotonic = time.monotonic()
        try:
            yield event
        finally:
            ended_monotonic = time.monotonic()
            over_monotonic = ended_monotonic + self._plan.after_seconds
            self._until(over_monotonic)
            while any(due <= over_monotonic for _, due in list(self._unanswered)):
                self._until(time.monotonic() + _LOOK_PERIOD_SECONDS)
            event.stretches = [
                self._stretch("before", before_monotonic, began_monotonic),
                self._stretch("during", began_monotonic, ended_monotonic),
                self._stretch("after", ended_monotonic, over_monotonic),
            ]
            self._calm_since_monotonic = over_monotonic
            event.lost = self.read_back([one for part in event.stretches for one in part.written])
            self._report(event)

    def read_back(self, written: Sequence[Written] | None = None) -> list[str]:
        """Read back *written*, or all ever acknowledged; return what is lost, and how it shows."""
        if written is None:
            written = [one.written for one in self._writes if one.written is not None]
        reading = self._complaints(written)
        return asyncio.run_coroutine_threadsafe(reading, self._loop).result()

    def _calm(self) -> float:
        """Wait until all is well; return since when it has been, the event's own length at most."""
        within_monotonic = time.monotonic() + self._plan.calm_within_seconds
        while True:
            since = self._calm_since_monotonic
            self._until(since + self._plan.before_seconds)
            now = time.monotonic()
            failures = self._stretch("calm", since, now).failures
            if not failures:
                return max(since, now - 60.0)
            if now > within_monotonic:
                raise AssertionError(
                    f"not well before the event: {len(failures)} failures, "
                    f"such as {failures[-1].what}: {failures[-1].failure}"
                )
            self._calm_since_monotonic = failures[-1].due_monotonic + 0.001

    def _report(self, event: Event) -> None:
        reads = [one for part in event.stretches for one in part.reads]
        written = sum(len(part.written) for part in event.stretches)
        self._say(
            f"{event.name}\n{event.table()}\n"
            f"{sum(one.new for one in reads) / max(1, len(reads)):.0%} forced misses; "
            f"of {written} acknowledged writes {len(event.lost)} lost; "
            f"p99 x {event.slowdown:.1f}; sent at most {self.sent_late_seconds * 1000:.0f} ms late"
        )
        self.sent_late_seconds = 0.0

    def _stretch(self, name: str, begin_monotonic: float, end_monotonic: float) -> Stretch:
        # Copies, since the other thread goes on adding.
        reads, writes = self._reads[:], self._writes[:]
        return stretch(name, begin_monotonic, end_monotonic, reads=reads, writes=writes)

    def _until(self, moment_monotonic: float) -> None:
        """Wait for a moment; raise what ended the load, if that comes first."""
        wait([self._ended], timeout=max(0.0, moment_monotonic - time.monotonic()))
        if self._ended.done():
            self._ended.result()
            raise RuntimeError("the load has ended")

    def run(self) -> None:
        """Load until `stop`. The thread's own body."""
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(self._run())
        except BaseException as error:  # noqa: BLE001 - the top of a thread; who waits raises it
            self._ended.set_exception(error)
        else:
            self._ended.set_result(None)

    def stop(self) -> None:
        with contextlib.suppress(RuntimeError):  # it has ended by itself
            self._loop.call_soon_threadsafe(self._stop.set)
        self._ended.result()

    async def _run(self) -> None:
        with contextlib.closing(self._edge):
            async with asyncio.TaskGroup() as group:
                reads = self._paced(self._plan.requests_per_second, self._read, group)
                group.create_task(reads)
                if self._editor is not None:
                    writes = self._paced(self._plan.writes_per_second, self._write, group)
                    group.create_task(writes)

    async def _paced(
        self,
        per_second: float,
        one: Callable[[float], Coroutine[None, None, None]],
        group: asyncio.TaskGroup,
    ) -> None:
        """Start *one* with the time at which it is due, again and again until the stop."""
        due_monotonic = self._loop.time()
        while not self._stop.is_set():
            due_monotonic += 1 / per_second
            self._unanswered.add(due := (one, due_monotonic))
            now = self._loop.time()
            self.sent_late_seconds = max(self.sent_late_seconds, now - due_monotonic)
            if due_monotonic > now:
                await asyncio.sleep(due_monotonic - now)
            answered = group.create_task(one(due_monotonic))
            answered.add_done_callback(functools.partial(self._answered, due))

    def _answered(self, due: tuple[object, float], _: asyncio.Task[None]) -> None:
        self._unanswered.discard(due)

    async def _read(self, due_monotonic: float) -> None:
        question, failure = next(self._questions), ""
        try:
            async with asyncio.timeout_at(due_monotonic + self._plan.late_seconds):
                answer = await self._edge.get(question.path)
            if not answer.good:
                failure = f"status {answer.status}: {answer.text[:200]}"
        except TimeoutError:
            failure = "late"
        except (OSError, EOFError, MalformedAnswerError) as error:
            failure = f"{type(error).__name__}: {error}"
        self._reads.append(
            Outcome(
                what=f"GET {question.path}",
                due_monotonic=due_monotonic,
                seconds=self._loop.time() - due_monotonic,
                failure=failure,
                new=question.new,
            )
        )

    async def _write(self, due_monotonic: float) -> None:
        assert self._editor is not None
        failure, written = "", None
        left_seconds = due_monotonic + self._plan.late_seconds - self._loop.time()
        try:
            written = await self._editor.create(timeout_seconds=left_seconds)
        except WriteError as error:
            failure = str(error)
        self._writes.append(
            Outcome(
                what=f"POST {written.name if written else ''}",
                due_monotonic=due_monotonic,
                seconds=self._loop.time() - due_monotonic,
                failure=failure,
                written=written,
            )
        )

    async def _complaints(self, written: Sequence[Written]) -> list[str]:
        if self._editor is None:
            return []
        at_once = asyncio.Semaphore(_READ_BACK_AT_ONCE)
        async with asyncio.timeout(60):
            kept = await self._editor.kept()

        async def one(each: Written) -> str:
            async with at_once:
                try:
                    async with asyncio.timeout(10):
                        return await complaint(each, kept, self._edge)
                except (OSError, EOFError, MalformedAnswerError) as error:
                    return f"{each.name}: {type(error).__name__}: {error}"

        return [complaint for complaint in await asyncio.gather(*map(one, written)) if complaint]


@contextlib.contextmanager
def running(plan: Plan, *, say: Say = print) -> Iterator[Load]:
    """
    Load what *plan* says while the body runs, and print each event's figures with *say*.

    Raises `OSError` when the product does not answer.
    """
    load = Load(plan, learn(plan.edge_url), say=say)
    thread = threading.Thread(target=load.run, name="load")
    thread.start()
    try:
        yield load
    finally:
        load.stop()
        thread.join()


def _connections(url: str) -> Connections:
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        raise ValueError(f"{url} is no http://host:port")
    return Connections(parts.hostname, parts.port or 80)
