"""What holds of the autoscaler's arithmetic whatever the figures are."""

import datetime as dt

from hypothesis import assume, given
from hypothesis import strategies as st
from tantrum_operator.scaler.behavior import (
    Behavior,
    Change,
    History,
    Policy,
    PolicyType,
    Recommendation,
    Rules,
    SelectPolicy,
    damped,
)
from tantrum_operator.scaler.utilisation import (
    NoFigureError,
    Phase,
    Pod,
    Resource,
    Usage,
    replicas_for_average_usage,
    replicas_for_utilisation,
)
from tantrum_operator.scaler.values import (
    Tolerance,
    replicas_for_average_value,
    replicas_for_value,
)

NOW = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)

tolerances = st.builds(Tolerance, down=st.floats(0, 0.5), up=st.floats(0, 0.5))
counts = st.integers(1, 60)
past_times = st.integers(0, 600).map(lambda seconds: NOW - dt.timedelta(seconds=seconds))


@st.composite
def pods(draw, *, usage=None):
    ready = draw(st.sampled_from([True, False, None]))
    amounts = st.integers(0, 3000) if usage is None else usage
    amount = draw(st.one_of(st.none(), amounts))
    figure = Usage(amount=amount or 0, time=draw(past_times), window_seconds=30)
    return Pod(
        name=f"pod-{draw(st.uuids())}",
        phase=draw(st.sampled_from(Phase)),
        deleting=draw(st.booleans()),
        ready=ready,
        start_time=draw(st.one_of(st.none(), past_times)),
        ready_changed_time=None if ready is None else draw(past_times),
        request={each: draw(st.integers(50, 2000)) for each in Resource},
        usage={} if amount is None else dict.fromkeys(Resource, figure),
    )


rules = st.builds(
    Rules,
    window_seconds=st.integers(0, 3600),
    select_policy=st.sampled_from(SelectPolicy),
    policies=st.lists(
        st.builds(
            Policy,
            type=st.sampled_from(PolicyType),
            value=st.integers(1, 200),
            period_seconds=st.integers(1, 1800),
        ),
        min_size=1,
        max_size=3,
    ),
)
histories = st.builds(
    History,
    recommendations=st.lists(st.builds(Recommendation, time=past_times, replicas=counts)),
    ups=st.lists(st.builds(Change, time=past_times, replicas=counts), max_size=5),
    downs=st.lists(st.builds(Change, time=past_times, replicas=counts), max_size=5),
)
behaviors = st.builds(Behavior, up=rules, down=rules)


@given(st.lists(pods(), max_size=8), st.sampled_from(Resource), st.integers(10, 150), tolerances)
def test_pods_without_a_sample_never_turn_the_direction_round(found, resource, percent, tolerance):
    try:
        proposed = replicas_for_utilisation(
            found, resource, target_percent=percent, current=5, tolerance=tolerance, now=NOW
        )
    except NoFigureError:
        return

    counted_out = {Phase.PENDING, Phase.FAILED}
    assume(any(not (p.deleting or p.usage or p.phase in counted_out) for p in found))
    if proposed.ratio > 1:
        assert proposed.replicas >= 5
    elif proposed.ratio < 1:
        assert proposed.replicas <= 5
    else:
        assert proposed.replicas == 5


@given(
    st.lists(pods(), min_size=1, max_size=8),
    st.sampled_from(Resource),
    st.integers(1, 4),
    tolerances,
)
def test_more_load_never_means_fewer_replicas(found, resource, times, tolerance):
    """In a settled Deployment: its count is that of its pods, and none is on its way out."""
    found = [pod for pod in found if not pod.deleting and pod.phase is not Phase.FAILED]
    heavier = [
        Pod(
            **{
                **{name: getattr(pod, name) for name in Pod.__slots__},
                "usage": {
                    each: Usage(
                        amount=usage.amount * times,
                        time=usage.time,
                        window_seconds=usage.window_seconds,
                    )
                    for each, usage in pod.usage.items()
                },
            }
        )
        for pod in found
    ]

    def replicas(pods):
        return replicas_for_average_usage(
            pods, resource, target_amount=700, current=len(pods), tolerance=tolerance, now=NOW
        ).replicas

    try:
        before, after = replicas(found), replicas(heavier)
    except NoFigureError:
        return
    assert after >= before


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0.1, 1e3), counts, tolerances)
def test_a_larger_value_never_means_fewer_replicas(one, other, target, current, tolerance):
    low, high = sorted((one, other))

    def average(value):
        return replicas_for_average_value(
            value, target=target, current=current, tolerance=tolerance
        )

    def whole(value):
        return replicas_for_value(
            value, target=target, current=current, ready=current, tolerance=tolerance
        )

    assert average(low) <= average(high)
    assert whole(low) <= whole(high)


@given(counts, st.lists(counts, min_size=3, max_size=3).map(sorted), behaviors, histories)
def test_damping_keeps_the_direction_and_the_bounds(recommended, bounds, behavior, history):
    minimum, current, maximum = bounds

    found = damped(
        recommended,
        current=current,
        minimum=minimum,
        maximum=maximum,
        behavior=behavior,
        history=history,
        now=NOW,
    ).replicas

    assert minimum <= found <= maximum
    assert min(current, recommended) <= found or found == minimum
    assert found <= max(current, recommended)


@given(
    counts,
    counts,
    behaviors,
    histories,
    st.builds(Recommendation, time=past_times, replicas=counts),
)
def test_one_more_thing_to_look_back_on_never_widens_a_step(
    recommended, current, behavior, history, another
):
    """Recommendations only hold back; so what history leaves out can only be made up for."""
    more = History(
        recommendations=[*history.recommendations, another],
        ups=history.ups,
        downs=history.downs,
    )

    def step(history):
        found = damped(
            recommended,
            current=current,
            minimum=1,
            maximum=100,
            behavior=behavior,
            history=history,
            now=NOW,
        )
        return found.replicas - current

    before, after = step(history), step(more)
    stays_or_shrinks = 0 <= after <= before or before <= after <= 0
    assert stays_or_shrinks
