"""The steps of the schema `search`; `tantrum_search.storage.migrate` takes them."""
