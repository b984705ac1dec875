"""
GraphQL over what the REST paths answer with: the same resources, from the same upstreams.

`application` speaks HTTP, `documents` makes ready what was asked, `limits` and `cost`
refuse what is too much, `query` and `types` are the schema, `catalog_reads` asks upstream.
"""
