"""The catalogue in PostgreSQL."""

from __future__ import annotations

from tantrum_catalog.storage.postgres_categories import PostgresCategoryReader
from tantrum_catalog.storage.postgres_category_writing import PostgresCategoryWriter
from tantrum_catalog.storage.postgres_feed import PostgresFeed
from tantrum_catalog.storage.postgres_load import PostgresLoader
from tantrum_catalog.storage.postgres_research import PostgresResearchReader
from tantrum_catalog.storage.postgres_research_writing import PostgresResearchWriter
from tantrum_catalog.storage.postgres_show_writing import PostgresShowWriter
from tantrum_catalog.storage.postgres_shows import PostgresShowReader
from tantrum_catalog.storage.postgres_vocabularies import PostgresVocabularyReader
from tantrum_catalog.storage.postgres_vocabulary_writing import PostgresVocabularyWriter


class PostgresCatalogStore(
    PostgresShowReader,
    PostgresCategoryReader,
    PostgresVocabularyReader,
    PostgresResearchReader,
    PostgresShowWriter,
    PostgresCategoryWriter,
    PostgresResearchWriter,
    PostgresVocabularyWriter,
    PostgresLoader,
    PostgresFeed,
):
    """Implements every port of the catalogue, each subject in a part of its own."""

    async def ready(self) -> bool:
        await self.head()
        return True
