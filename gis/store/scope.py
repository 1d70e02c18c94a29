"""How far a caller sees, as SQL: a node of the tree `jurisdictions` and all below it, and what lies in no jurisdiction.

Every condition is made of sub-selects without a reference to the row, so that PostgreSQL works each out once a query and keeps the indexes.
The scope is that of the session (`quanjing_scope()`), or a placeholder of the statement.
"""

INSIDE = "SELECT code FROM jurisdictions WHERE path @> ARRAY[{scope}]"
OWNERS = f"SELECT feature_id FROM enterprises WHERE jurisdiction IS NULL OR jurisdiction IN ({INSIDE})"


def owned_inside(column: str, scope: str | None = None) -> str:
    """Return the condition that a feature's owner, named by a column, lies in a scope; one without an owner is everybody's.

    Parameters
    ----------
    column : str
        Of the enterprise's id.
    scope : str, optional
        SQL of the node's code; that of the session without it.
    """
    owners = OWNERS.format(scope=scope) if scope else "SELECT quanjing_owners()"
    return f"({column} IS NULL OR {column} IN ({owners}))"


def placed_inside(column: str, scope: str | None = None) -> str:
    """Return the condition that a jurisdiction, named by a column, lies in a scope; `scope` as of `owned_inside`."""
    places = INSIDE.format(scope=scope) if scope else "SELECT quanjing_places()"
    return f"({column} IS NULL OR {column} IN ({places}))"


def everywhere_or(condition: str) -> str:
    """Return a condition on the session's scope that who sees everything always meets."""
    return f"((SELECT quanjing_scope() = '*') OR {condition})"
