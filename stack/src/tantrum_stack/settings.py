"""Everything about the stack that can be told from outside."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from tantrum_stack.errors import StackError

CHECKOUT = Path(__file__).resolve().parents[3]
"""The package is only ever installed from a checkout, in place."""


class Settings(BaseSettings):
    """Read from the environment; an empty variable counts as unset."""

    model_config = SettingsConfigDict(
        frozen=True, env_ignore_empty=True, use_attribute_docstrings=True
    )

    port: int = Field(default=8080, ge=0, le=65535, validation_alias="TANTRUM_PORT")
    """Where the product answers, on loopback. 0 takes any free port."""

    data: Path = Field(default=CHECKOUT / ".tantrum", validation_alias="TANTRUM_DATA")
    """Folder of all that outlives a run: databases, secrets, logs."""

    database_url: SecretStr | None = Field(default=None, validation_alias="DATABASE_URL")
    """A PostgreSQL to use in place of our own, password included."""

    redis_url: SecretStr | None = Field(default=None, validation_alias="REDIS_URL")
    """A Redis to use in place of our own."""


def read_settings() -> Settings:
    """Raises `StackError` that names the variable."""
    try:
        return Settings()
    except ValidationError as error:
        [problem, *_] = error.errors()
        name = ".".join(str(part) for part in problem["loc"])
        raise StackError(f"{name} is {problem['input']!r}: {problem['msg'].lower()}.") from None
