"""Which permit of an enterprise holds today."""

CURRENT = """
WITH today AS (SELECT (now() AT TIME ZONE 'Asia/Shanghai')::date AS day),
    newest AS (SELECT DISTINCT ON (permit_no, valid_from) * FROM permits WHERE enterprise_id = %s
        ORDER BY permit_no, valid_from, recorded_at DESC)
SELECT document, recorded_at FROM newest, today WHERE valid_from <= day
ORDER BY valid_to >= day DESC, valid_from DESC, recorded_at DESC LIMIT 1
"""
"""Of the permits that have begun one that is valid today (Beijing), else the last; its document and when it was recorded."""
