"""`RedisCache`: Redis with Sentinel, which fails over; the operator configures and repairs."""
