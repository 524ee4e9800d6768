"""The papers' tables and figures as rows of changed recipes; one file a paper."""

from ...errors import UnknownName
from . import apvit, dan, lla_net, msa_net, networks, transfer
from .table import SCALES, Row, Scale, Table

_FILES = (dan, transfer, lla_net, apvit, msa_net, networks)
TABLES: dict[str, Table] = {table.name: table for file in _FILES for table in file.ALL}


def find_table(name: str) -> Table:
    """The table or figure called ``name``, such as ``"dan.table1"``.

    Raises:
        UnknownName: if there is none.
    """
    if name not in TABLES:
        raise UnknownName("table", name, TABLES)
    return TABLES[name]


__all__ = ["SCALES", "TABLES", "Row", "Scale", "Table", "find_table"]
