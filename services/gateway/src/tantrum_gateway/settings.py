"""Everything that the gateway can be told from outside."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

Address = Annotated[str, Field(pattern=r"^(\[[0-9a-fA-F:]+\]|[^\s:\[\]]+):\d{1,5}$")]
"""`host:port`, with IPv6 addresses in brackets."""


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="GATEWAY_", frozen=True, use_attribute_docstrings=True
    )

    http_address: Address = "127.0.0.1:8080"
    """Where to serve HTTP; port 0 takes any free one, as the tests do."""

    catalog_address: Address = "127.0.0.1:50051"
    """The catalog service; the gateway balances over all that the name resolves to."""

    search_address: Address = "127.0.0.1:50052"
    """The search service, as `catalog_address`."""

    redis_url: SecretStr | None = None
    """Redis for the second cache level, such as `redis://host:6379/0`; without it there is none."""

    site_url: str = Field(default="http://127.0.0.1:8080", pattern=r"^https?://[^/\s?#]+$")
    """Where people find the site, without a slash behind it: for the sitemap and its like."""

    ads_txt: str = ""
    """Lines of `/ads.txt`: who may sell advertisements on the site; nobody without any."""

    metrics_port: int | None = Field(default=9100, ge=0, le=65535)
    """Port for Prometheus; 0 takes any free one, empty serves none."""

    metrics_host: str = "127.0.0.1"
    """Address for Prometheus to come to; in a cluster `0.0.0.0`."""

    request_timeout_seconds: float = Field(default=1.0, gt=0, le=60)
    """For one request, all that it calls included."""

    suggest_timeout_seconds: float = Field(default=0.3, gt=0, le=60)
    """For one request of suggestions, which are worth nothing when they come late."""

    browser_ttl_seconds: int = Field(default=3_600, ge=0)
    """How long a browser may keep an answer (`max-age`)."""

    cdn_ttl_seconds: int = Field(default=21_600, ge=0)
    """How long a CDN may keep an answer (`s-maxage`)."""

    stale_while_revalidate_seconds: int = Field(default=60, ge=0)
    """How much longer a stale answer may be given, by the gateway too, while one is fetched."""

    stale_if_error_seconds: int = Field(default=86_400, ge=0)
    """How much longer a stale answer may be given, by the gateway too, if there is no other."""

    shows_ttl_seconds: float = Field(default=86_400, gt=0)
    """How long L1 and Redis keep shows and research, at most; a write drops them earlier."""

    categories_ttl_seconds: float = Field(default=3_600, gt=0)
    """As `shows_ttl_seconds`, for categories and the home page."""

    search_ttl_seconds: float = Field(default=1_800, gt=0)
    """As `shows_ttl_seconds`, for search and suggestions."""

    vocabularies_ttl_seconds: float = Field(default=43_200, gt=0)
    """As `shows_ttl_seconds`, for themes and platforms."""

    absence_ttl_seconds: float = Field(default=10, gt=0)
    """How long L1 keeps the proof that something does not exist."""

    unwatched_ttl_seconds: float = Field(default=60, gt=0)
    """How old an answer in L1 may get without the watch, before the catalogue is asked again."""

    l1_size_bytes: int = Field(default=67_108_864, ge=0)
    """Bound of the first cache level, in this process; the least used answers go first."""

    cloudflare_zone_id: str | None = None
    """Zone of the CDN before the edge; with it, what a write touches is purged there."""

    cloudflare_api_token: SecretStr | None = None
    """Token that may purge that zone."""

    cloudflare_purge_by: Literal["tags", "urls"] = "tags"
    """By the `Cache-Tag` of answers, or by the addresses that were asked for here."""

    cloudflare_purges_per_minute: float = Field(default=5.0, gt=0, le=6_000)
    """Calls of each gateway in the long run; the default is what the smallest plan allows one."""

    cloudflare_api_url: str = "https://api.cloudflare.com/client/v4/"
    """Where Cloudflare's API is; the tests have their own."""

    public_url: str = ""
    """How browsers reach the site, such as `https://tv.example`; purging by URL needs it."""

    drain_seconds: float = Field(default=5.0, ge=0, le=600)
    """How long to serve on after SIGTERM, not ready, until load balancers have noticed."""

    grace_seconds: float = Field(default=5.0, ge=0, le=600)
    """How long requests under way then get; see the pod's `terminationGracePeriodSeconds`."""

    backlog: int = Field(default=8_192, ge=128, le=65_535)
    """Connections that the kernel may hold for us before we take them."""

    max_connections: int = Field(default=8_192, ge=1)
    """Connections open at once, idle ones included; more wait in the backlog."""

    log_format: Literal["json", "console"] = "json"

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @model_validator(mode="after")
    def _purging_is_whole(self) -> Settings:
        if self.cloudflare_zone_id and not self.cloudflare_api_token:
            raise ValueError("cloudflare_zone_id needs cloudflare_api_token")
        if self.cloudflare_zone_id and self.cloudflare_purge_by == "urls" and not self.public_url:
            raise ValueError("cloudflare_purge_by=urls needs public_url")
        return self

    @field_validator(
        "redis_url", "metrics_port", "cloudflare_zone_id", "cloudflare_api_token", mode="before"
    )
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value
