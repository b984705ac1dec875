"""A PostgreSQL that somebody else runs, named by `DATABASE_URL`."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit, urlunsplit

import asyncpg

from tantrum_stack.errors import StackError

_CONNECT_SECONDS = 10.0


class ExternalDatabase:
    """Takes the password out of the address, since services want them apart."""

    def __init__(self, dsn: str) -> None:
        parts = urlsplit(dsn)
        if parts.scheme not in {"postgresql", "postgres"} or not parts.hostname:
            raise StackError("DATABASE_URL is not of the form postgresql://user:password@host/db.")
        user, at, host = parts.netloc.rpartition("@")
        name = user.partition(":")[0]
        self.host = host
        self.password = unquote(parts.password or "")
        self.url = urlunsplit(parts._replace(scheme="postgresql", netloc=f"{name}{at}{host}"))

    async def check(self) -> None:
        """Raises `StackError` when it cannot be reached or entered."""
        try:
            connection = await asyncpg.connect(
                self.url, password=self.password or None, timeout=_CONNECT_SECONDS
            )
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise StackError(
                f"Cannot use the database of DATABASE_URL at {self.host}: "
                f"{error or 'it did not answer'}."
            ) from error
        await connection.close()
