"""StatisticsService over gRPC."""

from __future__ import annotations

from tantrum_kit.grpc_server import Context
from tvtantrum.catalog.v1 import statistics_service_pb2 as pb
from tvtantrum.catalog.v1 import statistics_service_pb2_grpc

from tantrum_catalog.domain.statistics import (
    DatabaseState,
    FeaturedShow,
    Statistics,
    StatisticsReader,
)
from tantrum_catalog.transport.codec import timestamp_of
from tantrum_catalog.transport.show_codec import platform_to_proto, theme_to_proto


class StatisticsServicer(statistics_service_pb2_grpc.StatisticsServiceServicer):
    def __init__(self, reader: StatisticsReader) -> None:
        self._reader = reader

    async def GetStatistics(
        self, request: pb.GetStatisticsRequest, context: Context
    ) -> pb.GetStatisticsResponse:
        return _to_proto(await self._reader.statistics())


def _to_proto(found: Statistics) -> pb.GetStatisticsResponse:
    scores = sorted(found.show_count_by_stimulation.items())
    written = found.last_write_time
    return pb.GetStatisticsResponse(
        show_count=found.show_count,
        stimulation_counts=[
            pb.StimulationCount(stimulation=score, show_count=count) for score, count in scores
        ],
        platforms=[platform_to_proto(platform) for platform in found.platforms],
        themes=[theme_to_proto(theme) for theme in found.themes],
        missing_facts=[
            pb.MissingFact(field=field, show_count=count) for field, count in found.missing.items()
        ],
        category_count=found.category_count,
        active_category_count=found.active_category_count,
        research_count=found.research_count,
        image_count=found.image_count,
        editor_count=found.editor_count,
        active_editor_count=found.active_editor_count,
        featured_show=_featured_to_proto(found.featured_show),
        catalog_revision=found.revision,
        last_write_time=None if written is None else timestamp_of(written),
        database=_database_to_proto(found.database),
    )


def _featured_to_proto(show: FeaturedShow | None) -> pb.FeaturedShow | None:
    return None if show is None else pb.FeaturedShow(id=show.id, slug=show.slug, name=show.name)


def _database_to_proto(state: DatabaseState) -> pb.DatabaseState:
    return pb.DatabaseState(
        server_version=state.server_version,
        size_bytes=state.size_bytes,
        connection_count=state.connection_count,
        max_connection_count=state.max_connection_count,
        replica_configured=state.replica_configured,
        replica_revision=state.replica_revision,
    )
