"""
Brings the old application's database into the catalogue.

`source` reads the old tables; `shows`, `labels`, `categories`, `research` and
`editors` say which rows are wanted here; `plan` decides about each row what the
import may do with it; `importer` does it, in one transaction, and `report` tells.
"""
