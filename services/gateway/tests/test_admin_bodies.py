"""Whatever a body holds, it is read whole or refused with a reason."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tantrum_gateway.admin import bodies, inputs, writing
from tantrum_gateway.admin.refusals import RefusalError
from tantrum_gateway.bodies import decode_json
from tantrum_kit import errors
from tvtantrum.catalog.v1 import category_pb2, editor_pb2, research_pb2, show_pb2

MESSAGES = {
    inputs.NewShow: show_pb2.Show,
    inputs.NewCategory: category_pb2.Category,
    inputs.NewResearch: research_pb2.Research,
    inputs.NewTheme: show_pb2.Theme,
    inputs.NewPlatform: show_pb2.Platform,
    inputs.EditorInput: editor_pb2.Editor,
}
NAMES = sorted(
    {
        field.encode_name
        for shape in (*MESSAGES, inputs.AgesInput, inputs.SensesInput, inputs.RuleInput)
        for field in msgspec.structs.fields(shape)
    }
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
    st.sampled_from(["low", "AND", "OR", "music"]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["slug", "logic", "rules", *NAMES]), inner, max_size=4)
    ),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=3), VALUES, max_size=6)
SHAPES = st.sampled_from(list(MESSAGES))


@given(shape=SHAPES, body=OBJECTS, partial=st.booleans())
def test_what_is_not_refused_can_be_written(shape, body, partial):
    try:
        values = bodies.values_of(body, shape, partial=partial)
    except RefusalError:
        return

    written = writing.filled(MESSAGES[shape](), values)

    assert bool(written.ListFields()) or not any(values.values())
    assert len(writing.mask_of(values).paths) == len(values)


@given(st.binary(max_size=40))
def test_bytes_are_refused_with_a_reason(body):
    with pytest.raises((RefusalError, errors.InvalidInputError), match=r"JSON|required|object"):
        bodies.values_of(decode_json(body, dict[str, Any]), inputs.NewShow, partial=False)


@given(shape=SHAPES)
def test_masks_name_fields_that_the_messages_have(shape):
    fields = {field.name for field in MESSAGES[shape].DESCRIPTOR.fields}

    for field in msgspec.structs.fields(shape):
        path = writing.mask_of({field.name: None}).paths[0]
        assert path in fields or field.name == "ages"
