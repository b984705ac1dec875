"""
Rate limits: how many requests one address or one session may make.

Decided in this process from blocks of tokens that are leased from Redis in the
background, so that no request waits for Redis; see `docs/decisions/0008`.
"""
