"""How far a caller sees, as SQL: a node of the tree `jurisdictions` and all below it, and what lies in no jurisdiction.

Every condition is a sub-select without a reference to the row, so that PostgreSQL works it out once a query and keeps the indexes.
"""

INSIDE = "SELECT code FROM jurisdictions WHERE path @> ARRAY[{scope}]"
OWNERS = f"SELECT feature_id FROM enterprises WHERE jurisdiction IS NULL OR jurisdiction IN ({INSIDE})"


def owned_inside(column: str, scope: str) -> str:
    """Return the condition that a feature's owner, named by a column, lies in a scope; one without an owner is everybody's.

    Parameters
    ----------
    column : str
        Of the enterprise's id.
    scope : str
        SQL of the node's code, as a placeholder.
    """
    return f"({column} IS NULL OR {column} IN ({OWNERS.format(scope=scope)}))"


def placed_inside(column: str, scope: str) -> str:
    """Return the condition that a jurisdiction, named by a column, lies in a scope; `scope` as of `owned_inside`."""
    return f"({column} IS NULL OR {column} IN ({INSIDE.format(scope=scope)}))"
