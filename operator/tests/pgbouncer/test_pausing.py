"""A pause before a real PgBouncer and PostgreSQL: a wait for clients, and never for ever."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from tantrum_operator.pgbouncer.agents import Agents
from tantrum_operator.pgbouncer.pods import template
from tantrum_operator.pgbouncer.protocol import PausePhase
from tantrum_operator.pgbouncer.spec import spec_from
from tantrum_stack import ports
from tantrum_stack.processes import Process

from .poolers import SECONDS, TOKEN, until
from .specs import pgbouncer

pytestmark = pytest.mark.integration

_CLIENTS = 8
_DEADLINE_SECONDS = 15.0


class Writers:
    """Clients that write one row after the other, each row within 15 s."""

    def __init__(self, pooler):
        self._pooler = pooler
        self.acknowledged = []
        self.errors = []

    @contextlib.asynccontextmanager
    async def at_work(self):
        async with self._pooler.client() as client:
            await client.execute("create table written (id text)")
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            for number in range(_CLIENTS):
                tasks.create_task(self._write(number, stop))
            try:
                yield self
            finally:
                stop.set()

    async def _write(self, number, stop):
        async with self._pooler.client() as client:
            turn = 0
            while not stop.is_set():
                row = f"{number}-{turn}"
                turn += 1
                try:
                    async with asyncio.timeout(_DEADLINE_SECONDS):
                        await client.execute("insert into written values (%s)", (row,))
                except Exception as error:  # noqa: BLE001 - any of them is a client's failure
                    self.errors.append(error)
                    return
                self.acknowledged.append(row)
                await asyncio.sleep(0.01)

    async def some_more(self):
        count = len(self.acknowledged)

        async def more():
            return len(self.acknowledged) >= count + _CLIENTS

        await until(more)


def in_phase(agent, phase):
    async def reached():
        pause = (await agent.state()).pause
        return pause if pause is not None and pause.phase is phase else None

    return until(reached)


async def paused(agent):
    return (await agent.state()).paused


def waited(agent, seconds):
    """Wait until the client that has waited longest has for *seconds*."""

    async def so_long():
        return (await agent.state()).longest_wait_seconds >= seconds

    return until(so_long)


async def test_clients_see_a_pause_of_5_seconds_as_a_wait(pooler):
    async with pooler.with_agent() as agent, Writers(pooler).at_work() as writers:
        await writers.some_more()
        await agent.follow(pooler.orders(pause=(1, 12.0)))
        await in_phase(agent, PausePhase.PAUSED)
        before = len(writers.acknowledged)
        await waited(agent, 5)
        within = len(writers.acknowledged) - before
        waiting = (await agent.state()).clients_waiting
        await agent.follow(pooler.orders())
        await in_phase(agent, PausePhase.ENDED)
        await writers.some_more()
        waiting_now = await until(lambda: _nobody_waits(agent))

    assert writers.errors == []
    # Answers that were on their way when it began may come in still.
    assert within <= _CLIENTS
    assert waiting == _CLIENTS
    assert waiting_now
    async with pooler.with_agent(), pooler.client() as client:
        rows = await (await client.execute("select id from written")).fetchall()
    assert sorted(row["id"] for row in rows) == sorted(writers.acknowledged)


async def _nobody_waits(agent):
    state = await agent.state()
    return state.in_force is not None and state.clients_waiting == 0


async def test_a_pause_that_nobody_ends_is_over_by_its_deadline(pooler):
    async with pooler.with_agent() as agent, Writers(pooler).at_work() as writers:
        await agent.follow(pooler.orders(pause=(1, 1.5)))
        # The operator is never heard of again.
        ended = await in_phase(agent, PausePhase.ENDED)
        await writers.some_more()

        assert ended.deadline_passed
        assert not await paused(agent)
        assert writers.errors == []


async def test_a_generation_pauses_once(pooler):
    async with pooler.with_agent() as agent:
        await agent.follow(pooler.orders(pause=(4, 0.2)))
        await in_phase(agent, PausePhase.ENDED)

        state = await agent.follow(pooler.orders(pause=(4, 60.0)))
        assert (state.paused, state.pause.phase) == (False, PausePhase.ENDED)

        await until(lambda: _nobody_waits(agent))
        await agent.follow(pooler.orders(pause=(5, 60.0)))
        await in_phase(agent, PausePhase.PAUSED)


async def test_a_transaction_that_goes_on_does_not_keep_a_pause_from_ending(pooler):
    async with pooler.with_agent() as agent, pooler.client() as client:
        await client.execute("begin")

        await agent.follow(pooler.orders(pause=(1, 60.0)))
        pausing = (await agent.state()).pause.phase
        await agent.follow(pooler.orders())
        await in_phase(agent, PausePhase.ENDED)

        assert pausing is PausePhase.PAUSING
        assert not await paused(agent)
        await client.execute("commit")


async def test_pgbouncer_that_starts_again_during_a_pause_pauses_again(pooler):
    async with pooler.with_agent() as agent:
        await agent.follow(pooler.orders(pause=(1, 100.0)))
        await in_phase(agent, PausePhase.PAUSED)
        pooler.kill()
        pooler.start()

        assert await until(lambda: paused(agent))
        await agent.follow(pooler.orders())
        await in_phase(agent, PausePhase.ENDED)


async def test_settings_change_during_a_pause_and_nobody_is_dropped(pooler):
    async with pooler.with_agent() as agent, Writers(pooler).at_work() as writers:
        await agent.follow(pooler.orders(pause=(1, 12.0)))
        await in_phase(agent, PausePhase.PAUSED)
        state = await agent.follow(pooler.orders(pause=(1, 12.0), pool_size=5, pool__size=5))
        in_force = state.in_force
        # Longer than clients wait for a server at other times.
        await waited(agent, 2.5)
        await agent.follow(pooler.orders(pool_size=5, pool__size=5))
        await in_phase(agent, PausePhase.ENDED)
        await writers.some_more()

    assert in_force is not None
    assert writers.errors == []


async def test_a_pause_ends_by_its_deadline_though_its_agent_was_killed(pooler, tmp_path):
    [port] = ports.free_ports(1)
    command = pooler.agent_command(port)
    agents = Agents(port=port)

    async def told(orders):
        [done] = await agents.order_all([("it", "127.0.0.1")], orders, token=TOKEN)
        return done.state if done.state is not None and done.state.ready else None

    first = Process.start(command, tmp_path / "first.log")
    try:
        await until(lambda: _exists(pooler.folder / "pgbouncer.ini"))
        pooler.start()
        state = await until(lambda: told(pooler.orders(pause=(1, 6.0))))
        while state.pause.phase is not PausePhase.PAUSED:
            state = await until(lambda: told(pooler.orders(pause=(1, 6.0))))
    finally:
        first.kill()
    second = Process.start(command, tmp_path / "second.log")
    try:

        async def over():
            state = await told(pooler.orders(pause=(1, 6.0)))
            return state and not state.paused and state.pause

        ended = await until(over)
        async with pooler.client() as client:
            await client.execute("select 1")
    finally:
        await second.stop()

    assert (ended.phase, ended.deadline_passed) == (PausePhase.ENDED, True)


async def _exists(path):
    return path.exists()


async def test_an_agent_that_is_stopped_leaves_no_pause(pooler):
    async with pooler.with_agent() as agent:
        await agent.follow(pooler.orders(pause=(1, 100.0)))
        await in_phase(agent, PausePhase.PAUSED)

        await agent.close()

        assert not await agent.console.paused()
        await agent.console.close()


async def test_a_pod_that_is_to_stop_waits_for_the_end_of_a_pause(pooler):
    """PgBouncer takes no RESUME once it is told to stop, and its clients would wait for ever."""
    body = template("pooler", spec_from(pgbouncer(drainSeconds=0)), "operator:1")
    [container] = body["spec"]["containers"]
    command = [
        part.replace("/etc/pgbouncer", str(pooler.folder))
        for part in container["lifecycle"]["preStop"]["exec"]["command"]
    ]
    async with pooler.with_agent() as agent:
        await agent.follow(pooler.orders(pause=(1, 100.0)))
        await in_phase(agent, PausePhase.PAUSED)
        hook = await asyncio.create_subprocess_exec(*command)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(hook.wait(), timeout=1.0)

        await agent.follow(pooler.orders())

        await asyncio.wait_for(hook.wait(), timeout=SECONDS)
        assert (await agent.state()).pause.phase is PausePhase.ENDED
