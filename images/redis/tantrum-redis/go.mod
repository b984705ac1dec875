module tvtantrum.com/tantrum-redis

go 1.24
