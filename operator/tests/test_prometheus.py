"""The client of Prometheus against a server that is well, slow, wrong, or not there."""

import asyncio
import contextlib
import math

import aiohttp
import pytest
from aiohttp import web
from tantrum_operator.prometheus import Point, Prometheus, PrometheusUnavailableError, QueryError

from .scalers import NOW, later

SECONDS = NOW.timestamp()


@contextlib.asynccontextmanager
async def answering(answer):
    """A client of a server that gives every query to *answer*."""
    application = web.Application()
    application.router.add_post("/base/api/v1/{what}", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    [(host, port)] = runner.addresses
    try:
        async with aiohttp.ClientSession() as session:
            yield Prometheus(session, f"http://{host}:{port}/base/", timeout_seconds=20)
    finally:
        await runner.cleanup()


def success(kind, result):
    return web.json_response({"status": "success", "data": {"resultType": kind, "result": result}})


async def test_a_vector_has_labels_and_a_value_of_its_time():
    asked = {}

    async def answer(request):
        asked.update(await request.post(), what=request.match_info["what"])
        found = [
            {"metric": {"le": "0.2"}, "value": [SECONDS, "12.5"]},
            {"metric": {"le": "+Inf"}, "value": [SECONDS, "NaN"]},
        ]
        return success("vector", found)

    async with answering(answer) as prometheus:
        first, second = await prometheus.instant("up{job=~'a|b'}")

    assert (asked["what"], asked["query"]) == ("query", "up{job=~'a|b'}")
    assert first.labels == {"le": "0.2"}
    assert first.points == [Point(time=NOW, value=12.5)]
    assert math.isnan(second.points[0].value)


async def test_a_scalar_is_a_series_without_labels():
    async def answer(request):
        return success("scalar", [SECONDS, "3"])

    async with answering(answer) as prometheus:
        [series] = await prometheus.instant("3")

    assert (series.labels, series.points) == ({}, [Point(time=NOW, value=3.0)])


async def test_a_range_has_its_points_in_order():
    asked = {}

    async def answer(request):
        asked.update(await request.post(), what=request.match_info["what"])
        points = [[SECONDS, "1"], [SECONDS + 15, "2"]]
        return success("matrix", [{"metric": {"pod": "a"}, "values": points}])

    async with answering(answer) as prometheus:
        [series] = await prometheus.range("q", start=NOW, end=later(15), step_seconds=15)

    assert asked["what"] == "query_range"
    assert (float(asked["start"]), float(asked["end"]), asked["step"]) == (
        SECONDS,
        SECONDS + 15,
        "15",
    )
    assert series.points == [Point(time=NOW, value=1.0), Point(time=later(15), value=2.0)]


async def test_a_query_that_is_none_fails_with_prometheus_words():
    async def answer(request):
        return web.json_response({"status": "error", "error": "parse error at char 3"}, status=400)

    async with answering(answer) as prometheus:
        with pytest.raises(QueryError, match="parse error at char 3"):
            await prometheus.instant("up{")


@pytest.mark.parametrize(
    "response",
    [
        pytest.param({"status": 503, "text": "starting"}, id="unavailable"),
        pytest.param({"text": "<html>"}, id="no JSON"),
        pytest.param({"text": "[]"}, id="a list"),
        pytest.param({"text": '{"status": "success", "data": {}}'}, id="no result"),
        pytest.param(
            {"text": '{"status":"success","data":{"resultType":"vector","result":[{"value":3}]}}'},
            id="no series",
        ),
    ],
)
async def test_other_answers_are_no_answer(response):
    async def answer(request):
        return web.Response(**response)

    async with answering(answer) as prometheus:
        with pytest.raises(PrometheusUnavailableError):
            await prometheus.instant("up")


async def test_who_does_not_answer_in_time_is_unavailable():
    never = asyncio.Event()

    async def answer(request):
        await never.wait()

    async with answering(answer) as prometheus:
        hasty = Prometheus(prometheus._session, prometheus._url, timeout_seconds=0.05)
        with pytest.raises(PrometheusUnavailableError):
            await hasty.instant("up")
        never.set()


async def test_who_is_not_there_is_unavailable(unused_tcp_port):
    async with aiohttp.ClientSession() as session:
        prometheus = Prometheus(session, f"http://127.0.0.1:{unused_tcp_port}", timeout_seconds=20)
        with pytest.raises(PrometheusUnavailableError, match="Prometheus"):
            await prometheus.instant("up")
